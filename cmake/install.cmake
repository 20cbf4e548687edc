# cmake --install build/release --prefix /usr/local
include(GNUInstallDirs)

install(TARGETS weir RUNTIME)
if(TARGET weir-origin)
  install(TARGETS weir-origin RUNTIME)
endif()
install(DIRECTORY config/ DESTINATION ${CMAKE_INSTALL_DATADIR}/weir/config)
install(FILES README.md ARCHITECTURE.md CHANGELOG.md deploy/OPERATING.md DESTINATION ${CMAKE_INSTALL_DOCDIR} OPTIONAL)
install(DIRECTORY proxy/decisions DESTINATION ${CMAKE_INSTALL_DOCDIR}/proxy OPTIONAL)

# The unit names the binary by its full path, and the prefix may be chosen at install time only.
install(CODE "
  set(WEIR_BINARY \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}/weir\")
  configure_file(\"${PROJECT_SOURCE_DIR}/deploy/weir.service.in\" \"${CMAKE_BINARY_DIR}/generated/weir.service\" @ONLY)
  file(INSTALL \"${CMAKE_BINARY_DIR}/generated/weir.service\"
    DESTINATION \"\${CMAKE_INSTALL_PREFIX}/lib/systemd/system\")
")
