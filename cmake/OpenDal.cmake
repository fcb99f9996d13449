# Object stores through Apache OpenDAL: a static Rust library, built by cargo.
#
#   VARVE_WITH_OPENDAL   AUTO: if a cargo is there that is new enough; ON: required; OFF: remote URIs are errors that say so
#   VARVE_CARGO_DIR      where cargo builds (334 CPU seconds the first time); one folder may serve several build trees
#
# Sets VARVE_HAS_OPENDAL, and defines the imported target varve_opendal.
include_guard(GLOBAL)

set(VARVE_WITH_OPENDAL AUTO CACHE STRING "Object stores through Apache OpenDAL: AUTO, ON or OFF")
set_property(CACHE VARVE_WITH_OPENDAL PROPERTY STRINGS AUTO ON OFF)
set(VARVE_CARGO_DIR ${PROJECT_BINARY_DIR}/cargo CACHE PATH "Where cargo builds")

set(cargo_min 1.91)
set(VARVE_HAS_OPENDAL OFF)
if(VARVE_WITH_OPENDAL STREQUAL "OFF")
  message(STATUS "Object stores: left out (VARVE_WITH_OPENDAL=OFF)")
else()
  find_program(CARGO_EXECUTABLE cargo HINTS $ENV{HOME}/.cargo/bin)
  set(cargo_version "")
  if(CARGO_EXECUTABLE)
    execute_process(COMMAND ${CARGO_EXECUTABLE} --version OUTPUT_VARIABLE cargo_version ERROR_QUIET)
    string(REGEX MATCH "[0-9]+\\.[0-9]+\\.[0-9]+" cargo_version "${cargo_version}")
  endif()
  set(cargo_found "there is none")
  if(cargo_version)
    set(cargo_found "${CARGO_EXECUTABLE} is ${cargo_version}")
  endif()
  if(cargo_version VERSION_GREATER_EQUAL cargo_min)
    set(VARVE_HAS_OPENDAL ON)
    message(STATUS "Object stores: built in, by cargo ${cargo_version}")
  elseif(VARVE_WITH_OPENDAL STREQUAL "AUTO")
    message(STATUS "Object stores: left out; they need cargo ${cargo_min} or newer, and ${cargo_found} "
                   "(tools/setup.sh remote installs one; then configure again)")
  else()
    message(FATAL_ERROR "VARVE_WITH_OPENDAL=ON needs cargo ${cargo_min} or newer, and ${cargo_found}. "
                        "tools/setup.sh remote installs one (Debian 12: cargo-web).")
  endif()
endif()

if(VARVE_HAS_OPENDAL)
  set(ffi ${PROJECT_SOURCE_DIR}/src/storage/opendal/ffi)
  # A copy: what cargo has built last in a folder that is shared may be another tree's.
  set(archive ${PROJECT_BINARY_DIR}/opendal/libvarve_opendal.a)
  file(GLOB rust_sources CONFIGURE_DEPENDS ${ffi}/src/*.rs)
  add_custom_command(OUTPUT ${archive}
    COMMAND ${CMAKE_COMMAND} -DCARGO=${CARGO_EXECUTABLE} -DMANIFEST=${ffi}/Cargo.toml -DCARGO_DIR=${VARVE_CARGO_DIR}
            -DARCHIVE=${archive} -P ${PROJECT_SOURCE_DIR}/cmake/BuildOpenDal.cmake
    DEPENDS ${ffi}/Cargo.toml ${ffi}/Cargo.lock ${rust_sources} ${PROJECT_SOURCE_DIR}/cmake/BuildOpenDal.cmake
    COMMENT "Building OpenDAL" USES_TERMINAL VERBATIM)
  add_custom_target(varve_opendal_build DEPENDS ${archive})
  add_library(varve_opendal STATIC IMPORTED GLOBAL)
  set_target_properties(varve_opendal PROPERTIES IMPORTED_LOCATION ${archive})
  find_package(Threads REQUIRED)
  target_link_libraries(varve_opendal INTERFACE Threads::Threads ${CMAKE_DL_LIBS} m)
  # Rust's own library exports its names; those of two libraries in one process must not meet.
  target_link_options(varve_opendal INTERFACE LINKER:--exclude-libs,libvarve_opendal.a)
  add_dependencies(varve_opendal varve_opendal_build)
endif()
