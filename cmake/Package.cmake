# The Debian package: cpack --config build/release/CPackConfig.cmake. Read deploy/README.md.

# As the units are for a program below /usr.
foreach(unit safelight safelight-worker)
  file(READ deploy/systemd/${unit}.service text)
  string(REPLACE /usr/local/ /usr/ text "${text}")
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/package/${unit}.service CONTENT "${text}" @ONLY)
endforeach()
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
  deploy/systemd/safelight.service deploy/systemd/safelight-worker.service)

set(in_package COMPONENT package EXCLUDE_FROM_ALL)
install(FILES ${CMAKE_BINARY_DIR}/package/safelight.service ${CMAKE_BINARY_DIR}/package/safelight-worker.service
  DESTINATION /usr/lib/systemd/system ${in_package})
install(FILES deploy/systemd/safelight.env.example DESTINATION /etc/safelight RENAME safelight.env
  PERMISSIONS OWNER_READ OWNER_WRITE ${in_package})
install(FILES README.md CHANGELOG.md docs/scaling.md openapi/openapi.json DESTINATION /usr/share/doc/safelight ${in_package})
install(FILES LICENSE DESTINATION /usr/share/doc/safelight RENAME copyright ${in_package})

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_PACKAGE_CONTACT "The developers of Safelight <safelight@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "self-hosted image processing service")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
  "Pictures are uploaded over HTTP, their originals kept, and thumbnails and other\n variants made by durable jobs, in sandboxed processes.")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION graphics)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS adduser)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${CMAKE_SOURCE_DIR}/deploy/debian/conffiles ${CMAKE_SOURCE_DIR}/deploy/debian/postinst
  ${CMAKE_SOURCE_DIR}/deploy/debian/prerm ${CMAKE_SOURCE_DIR}/deploy/debian/postrm)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_COMPONENTS_ALL Unspecified package)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
include(CPack)
