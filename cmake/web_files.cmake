# Makes the source file of proxy/admin/web_files.hpp from the files of a folder, each as one raw string:
# cmake -DFOLDER=... -DOUTPUT=... -P web_files.cmake. Run when one of them changes (CMakeLists.txt).
cmake_minimum_required(VERSION 3.25)

set(type_html "text/html; charset=utf-8")
set(type_css "text/css; charset=utf-8")
set(type_js "text/javascript; charset=utf-8")

file(GLOB files ${FOLDER}/*.html ${FOLDER}/*.css ${FOLDER}/*.js)
list(SORT files)
list(LENGTH files count)
set(rows "")
foreach(file IN LISTS files)
  get_filename_component(name ${file} NAME)
  get_filename_component(extension ${file} LAST_EXT)
  string(SUBSTRING ${extension} 1 -1 extension)
  file(READ ${file} text)
  if(text MATCHES "\\)web\"")
    message(FATAL_ERROR "${file} contains the end of a raw string")
  endif()
  set(path "/${name}")
  if(name STREQUAL "index.html")
    set(path "/")
  endif()
  string(APPEND rows "    {\"${path}\", \"${type_${extension}}\", R\"web(${text})web\"},\n")
endforeach()

file(WRITE ${OUTPUT} "#include \"admin/web_files.hpp\"

#include <array>

namespace weir::control {
namespace {

constexpr std::array<WebFile, ${count}> files{{
${rows}}};

}  // namespace

std::span<const WebFile> web_files() {
  return files;
}

}  // namespace weir::control
")
