# Makes Arrow::arrow_shared, ArrowCompute::arrow_compute_shared, ArrowAcero::arrow_acero_shared,
# ArrowDataset::arrow_dataset_shared, ArrowFlight::arrow_flight_shared, ArrowSubstrait::arrow_substrait_shared,
# Parquet::parquet_shared (the names of Arrow's own CMake packages), from an installed Arrow C++ or from the pyarrow wheel.
include_guard(GLOBAL)
set(VARVE_ARROW_MINIMUM 24.0.0)
option(VARVE_ARROW_FROM_WHEEL "Take Arrow C++ from the pyarrow wheel even when an Arrow package is installed" OFF)
if(NOT VARVE_ARROW_FROM_WHEEL)
  find_package(Arrow QUIET CONFIG)   # no version here: its version file may accept one major only
endif()
if(Arrow_FOUND AND Arrow_VERSION VERSION_GREATER_EQUAL VARVE_ARROW_MINIMUM AND NOT Arrow_VERSION VERSION_EQUAL 25.0.0)
  find_package(Parquet CONFIG REQUIRED)
  find_package(ArrowCompute CONFIG REQUIRED)
  find_package(ArrowAcero CONFIG REQUIRED)
  find_package(ArrowDataset CONFIG REQUIRED)
  find_package(ArrowFlight CONFIG REQUIRED)
  return()
endif()
find_package(Python3 COMPONENTS Interpreter REQUIRED)
# No `import pyarrow`: find_spec does not load the libraries, so it works under sanitizers and when cross-reading a folder.
execute_process(
  COMMAND "${Python3_EXECUTABLE}" -c
          "import importlib.util as u, os; s=u.find_spec('pyarrow'); print(os.path.dirname(s.origin) if s else '')"
  OUTPUT_VARIABLE arrow_root OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
if(NOT arrow_root)
  message(FATAL_ERROR "pyarrow is not installed for ${Python3_EXECUTABLE}: run 'python3 -m venv .venv && .venv/bin/pip install pyarrow' "
                      "and configure with -DPython3_EXECUTABLE=$PWD/.venv/bin/python3")
endif()
file(STRINGS "${arrow_root}/include/arrow/util/config.h" config REGEX "define ARROW_(VERSION_STRING|SO_VERSION) ")
string(REGEX MATCH "VERSION_STRING \"([0-9.]+)" _ "${config}")
set(Arrow_VERSION "${CMAKE_MATCH_1}")
string(REGEX MATCH "ARROW_SO_VERSION \"([0-9]+)" _ "${config}")
set(arrow_so "${CMAKE_MATCH_1}")
if(Arrow_VERSION VERSION_LESS VARVE_ARROW_MINIMUM OR Arrow_VERSION VERSION_EQUAL 25.0.0)
  message(FATAL_ERROR "Arrow ${Arrow_VERSION} is not supported: need >= ${VARVE_ARROW_MINIMUM} and not 25.0.0")
endif()
function(varve_arrow_library target file)
  set(path "${arrow_root}/lib${file}.so.${arrow_so}")
  if(NOT EXISTS "${path}")
    message(FATAL_ERROR "the pyarrow wheel has no ${path}")
  endif()
  add_library(${target} SHARED IMPORTED GLOBAL)
  set_target_properties(${target} PROPERTIES
    IMPORTED_LOCATION "${path}"
    IMPORTED_SONAME "lib${file}.so.${arrow_so}"
    INTERFACE_INCLUDE_DIRECTORIES "${arrow_root}/include"
    INTERFACE_LINK_LIBRARIES "${ARGN}")
endfunction()
varve_arrow_library(Arrow::arrow_shared arrow)
varve_arrow_library(Parquet::parquet_shared parquet Arrow::arrow_shared)
varve_arrow_library(ArrowCompute::arrow_compute_shared arrow_compute Arrow::arrow_shared)
varve_arrow_library(ArrowAcero::arrow_acero_shared arrow_acero ArrowCompute::arrow_compute_shared)
varve_arrow_library(ArrowDataset::arrow_dataset_shared arrow_dataset ArrowAcero::arrow_acero_shared Parquet::parquet_shared)
varve_arrow_library(ArrowFlight::arrow_flight_shared arrow_flight Arrow::arrow_shared)
varve_arrow_library(ArrowSubstrait::arrow_substrait_shared arrow_substrait ArrowDataset::arrow_dataset_shared)
if(EXISTS "${arrow_root}/libarrow_s3.so.${arrow_so}")   # 26 and later keep S3 in a library of its own
  varve_arrow_library(ArrowS3::arrow_s3_shared arrow_s3 Arrow::arrow_shared)
endif()
set(Arrow_FOUND TRUE)
message(STATUS "Arrow ${Arrow_VERSION} from the pyarrow wheel (soname .so.${arrow_so})")
