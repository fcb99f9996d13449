# Run by the build: cmake -DCARGO=… -DMANIFEST=… -DCARGO_DIR=… -DARCHIVE=… -P BuildOpenDal.cmake
set(ENV{CARGO_TARGET_DIR} ${CARGO_DIR})
unset(ENV{RUSTFLAGS})
# Until the copy is made: another tree that shares the folder may be building, too.
file(MAKE_DIRECTORY ${CARGO_DIR})
file(LOCK ${CARGO_DIR}/.varve-lock GUARD PROCESS TIMEOUT 3600)
execute_process(COMMAND ${CARGO} build --quiet --locked --release --manifest-path ${MANIFEST} RESULT_VARIABLE failed)
if(failed)
  message(FATAL_ERROR "OpenDAL was not built; what cargo says is above. The first build fetches crates from crates.io and so needs "
                      "the network. Without object stores: configure with -DVARVE_WITH_OPENDAL=OFF")
endif()
get_filename_component(folder ${ARCHIVE} DIRECTORY)
file(MAKE_DIRECTORY ${folder})
configure_file(${CARGO_DIR}/release/libvarve_opendal.a ${ARCHIVE} COPYONLY)
file(TOUCH_NOCREATE ${ARCHIVE})
