# Headers, the library, and what find_package(varve) and pkg-config need; the same package works from the build tree.
include(CMakePackageConfigHelpers)

install(TARGETS varve EXPORT varveTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/varve DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")

# The package of the build tree finds its own copy of the archive, the installed one that beside libvarve.a.
set(VARVE_OPENDAL_ARCHIVE "")
set(VARVE_PC_OPENDAL "")
if(VARVE_HAS_OPENDAL)
  get_target_property(VARVE_OPENDAL_ARCHIVE varve_opendal IMPORTED_LOCATION)
  set(VARVE_PC_OPENDAL " -lvarve_opendal -lm -ldl")
  install(FILES ${VARVE_OPENDAL_ARCHIVE} DESTINATION ${CMAKE_INSTALL_LIBDIR})
endif()

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/varve)
install(EXPORT varveTargets NAMESPACE varve:: DESTINATION ${package_dir})
export(EXPORT varveTargets NAMESPACE varve:: FILE ${PROJECT_BINARY_DIR}/varveTargets.cmake)

configure_package_config_file(cmake/varveConfig.cmake.in ${PROJECT_BINARY_DIR}/varveConfig.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/varveConfigVersion.cmake COMPATIBILITY SameMinorVersion)
configure_file(cmake/FindOrProvideArrow.cmake ${PROJECT_BINARY_DIR}/FindOrProvideArrow.cmake COPYONLY)
install(FILES ${PROJECT_BINARY_DIR}/varveConfig.cmake ${PROJECT_BINARY_DIR}/varveConfigVersion.cmake
              cmake/FindOrProvideArrow.cmake
        DESTINATION ${package_dir})

# pkg-config: Arrow by the full path of its libraries, since the wheel has no libarrow.so to find with -larrow.
set(VARVE_PC_ARROW "")
foreach(library Arrow::arrow_shared Parquet::parquet_shared ArrowCompute::arrow_compute_shared)
  foreach(property IMPORTED_LOCATION IMPORTED_LOCATION_RELEASE)
    get_target_property(location ${library} ${property})
    if(location)
      string(APPEND VARVE_PC_ARROW " ${location}")
      cmake_path(GET location PARENT_PATH VARVE_PC_ARROW_DIR)
      break()
    endif()
  endforeach()
endforeach()
get_target_property(VARVE_PC_ARROW_INCLUDE Arrow::arrow_shared INTERFACE_INCLUDE_DIRECTORIES)
configure_file(cmake/varve.pc.in ${PROJECT_BINARY_DIR}/varve.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/varve.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
