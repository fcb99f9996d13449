# Object stores through Apache OpenDAL: a static Rust library, built by cargo.
#
#   VARVE_WITH_OPENDAL   AUTO: if cargo is there; ON: required; OFF: remote URIs are errors that say so
#   VARVE_CARGO_DIR      where cargo builds; one folder may serve several build trees, one at a time
#
# Sets VARVE_HAS_OPENDAL, and defines the imported target varve_opendal.
include_guard(GLOBAL)

set(VARVE_WITH_OPENDAL OFF CACHE STRING "Object stores through Apache OpenDAL: AUTO, ON or OFF")
set_property(CACHE VARVE_WITH_OPENDAL PROPERTY STRINGS AUTO ON OFF)
set(VARVE_CARGO_DIR ${PROJECT_BINARY_DIR}/cargo CACHE PATH "Where cargo builds")

set(VARVE_HAS_OPENDAL OFF)
if(NOT VARVE_WITH_OPENDAL STREQUAL "OFF")
  find_program(CARGO_EXECUTABLE cargo HINTS $ENV{HOME}/.cargo/bin)
  if(CARGO_EXECUTABLE)
    set(VARVE_HAS_OPENDAL ON)
  elseif(VARVE_WITH_OPENDAL STREQUAL "AUTO")
    message(STATUS "No cargo: object stores are left out (Debian: apt install cargo-web, then configure again)")
  else()
    message(FATAL_ERROR "VARVE_WITH_OPENDAL=ON needs cargo 1.91 or newer (Debian 12: apt install cargo-web)")
  endif()
endif()

if(VARVE_HAS_OPENDAL)
  set(ffi ${PROJECT_SOURCE_DIR}/src/storage/opendal/ffi)
  set(archive ${VARVE_CARGO_DIR}/release/libvarve_opendal.a)
  file(GLOB rust_sources CONFIGURE_DEPENDS ${ffi}/src/*.rs)
  add_custom_command(OUTPUT ${archive}
    COMMAND ${CMAKE_COMMAND} -E env --unset=RUSTFLAGS CARGO_TARGET_DIR=${VARVE_CARGO_DIR}
            ${CARGO_EXECUTABLE} build --quiet --locked --release --manifest-path ${ffi}/Cargo.toml
    DEPENDS ${ffi}/Cargo.toml ${ffi}/Cargo.lock ${rust_sources}
    COMMENT "Building OpenDAL" USES_TERMINAL VERBATIM)
  add_custom_target(varve_opendal_build DEPENDS ${archive})
  add_library(varve_opendal STATIC IMPORTED GLOBAL)
  set_target_properties(varve_opendal PROPERTIES IMPORTED_LOCATION ${archive})
  find_package(Threads REQUIRED)
  target_link_libraries(varve_opendal INTERFACE Threads::Threads ${CMAKE_DL_LIBS} m)
  add_dependencies(varve_opendal varve_opendal_build)
endif()
