# Writes a source file that holds every migration of a folder: cmake -DBACKEND=… -DFOLDER=… -DOUTPUT=… -P embed_migrations.cmake
# Files are called 0001_name.up.sql and 0001_name.down.sql; versions rise by one from 1. The first line of an up.sql may be
# "-- compatible from: 7": programs that know version 7, or a later one, can work with the schema after it. Otherwise only those
# can that know it.
file(GLOB ups RELATIVE "${FOLDER}" "${FOLDER}/*.up.sql")
list(SORT ups)
set(entries "")
set(expected 0)
foreach(up IN LISTS ups)
  math(EXPR expected "${expected} + 1")
  if(NOT up MATCHES "^([0-9][0-9][0-9][0-9])_([a-z0-9_]+)[.]up[.]sql$")
    message(FATAL_ERROR "${up}: a migration is called 0001_name.up.sql")
  endif()
  set(digits "${CMAKE_MATCH_1}")
  set(name "${CMAKE_MATCH_1}_${CMAKE_MATCH_2}")
  string(REGEX REPLACE "^0+" "" version "${digits}")
  if(NOT version EQUAL expected)
    message(FATAL_ERROR "${up}: the next version is ${expected}")
  endif()
  file(READ "${FOLDER}/${up}" up_sql)
  file(READ "${FOLDER}/${name}.down.sql" down_sql)
  set(compatible_from ${version})
  if(up_sql MATCHES "^-- compatible from: ([1-9][0-9]*)\n")
    set(compatible_from ${CMAKE_MATCH_1})
  elseif(up_sql MATCHES "-- *[Cc]ompatible[ _-]from")
    message(FATAL_ERROR "${up}: the first line says it as \"-- compatible from: 7\"")
  endif()
  if(compatible_from GREATER version)
    message(FATAL_ERROR "${up}: is compatible from its own version on at the latest")
  endif()
  string(APPEND entries "    {${version}, ${compatible_from}, \"${name}\",\n     R\"sql(${up_sql})sql\",\n     R\"sql(${down_sql})sql\"},\n")
endforeach()
file(WRITE "${OUTPUT}.new" "// Generated from the SQL files of ${FOLDER}; do not edit.
#include \"catalog/${BACKEND}/migrations.h\"

namespace safelight::${BACKEND} {

std::span<const Migration> migrations() {
    static constexpr Migration all[] = {
${entries}    };
    return all;
}

}  // namespace safelight::${BACKEND}
")
execute_process(COMMAND "${CMAKE_COMMAND}" -E rename "${OUTPUT}.new" "${OUTPUT}")
