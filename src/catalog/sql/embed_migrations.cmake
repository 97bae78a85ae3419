# Writes a source file that holds every migration of a folder: cmake -DBACKEND=… -DFOLDER=… -DOUTPUT=… -P embed_migrations.cmake
# Files are called 0001_name.up.sql and 0001_name.down.sql; versions rise by one from 1.
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
  string(APPEND entries "    {${version}, \"${name}\",\n     R\"sql(${up_sql})sql\",\n     R\"sql(${down_sql})sql\"},\n")
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
