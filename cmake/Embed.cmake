# Files that are part of the program.
#
#   safelight_embed(TARGET NAME FILE...)
#
# adds to TARGET the function `std::span<const safelight::EmbeddedFile> safelight::NAME()` and the header
# "embedded/NAME.h" that declares it (the type is in base/embedded_file.h). A FILE is a path, known to the program by
# its path below the calling folder's source or binary directory, or `name=path` to choose another name. The bytes are
# taken by the assembler (.incbin), so that megabytes cost the compiler nothing; a changed file is embedded anew.
function(safelight_embed target name)
  set(folder "${CMAKE_CURRENT_BINARY_DIR}/embedded_${name}")
  set(names)
  set(paths)
  foreach(file IN LISTS ARGN)
    if(file MATCHES "^([^=]+)=(.+)$")
      set(known_as "${CMAKE_MATCH_1}")
      get_filename_component(path "${CMAKE_MATCH_2}" ABSOLUTE)
    else()
      get_filename_component(path "${file}" ABSOLUTE)
      file(RELATIVE_PATH known_as "${CMAKE_CURRENT_SOURCE_DIR}" "${path}")
      string(FIND "${path}" "${CMAKE_CURRENT_BINARY_DIR}/" position)
      if(position EQUAL 0)
        file(RELATIVE_PATH known_as "${CMAKE_CURRENT_BINARY_DIR}" "${path}")
      endif()
    endif()
    list(APPEND names "${known_as}")
    list(APPEND paths "${path}")
  endforeach()

  set(header "${folder}/embedded/${name}.h")
  set(source "${folder}/${name}.cc")
  set(NAME "${name}")
  configure_file("${PROJECT_SOURCE_DIR}/cmake/embedded.h.in" "${header}" @ONLY)
  file(WRITE "${folder}/list.cmake.new" "set(names [==[${names}]==])\nset(paths [==[${paths}]==])\n")
  file(COPY_FILE "${folder}/list.cmake.new" "${folder}/list.cmake" ONLY_IF_DIFFERENT)
  add_custom_command(
    OUTPUT "${source}"
    COMMAND ${CMAKE_COMMAND} -DNAME=${name} -DLIST=${folder}/list.cmake -DSOURCE=${source}
            -P ${PROJECT_SOURCE_DIR}/cmake/EmbedGenerate.cmake
    DEPENDS ${paths} "${folder}/list.cmake" "${PROJECT_SOURCE_DIR}/cmake/EmbedGenerate.cmake"
    COMMENT "Embedding ${name}"
    VERBATIM)
  set_source_files_properties("${source}" PROPERTIES OBJECT_DEPENDS "${paths}")
  target_sources(${target} PRIVATE "${source}" "${header}")
  target_include_directories(${target} PUBLIC "${folder}")
endfunction()
