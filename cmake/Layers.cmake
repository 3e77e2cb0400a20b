# One shared library a layer. They are linked with --no-undefined, so a layer that calls into one it does
# not name here does not link: the build proves the direction of the dependencies.
add_library(rewire_flags INTERFACE)
target_compile_options(rewire_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
                       -Wno-sign-conversion -Wno-missing-field-initializers -Wnon-virtual-dtor -Woverloaded-virtual)
# GCC 12 sees overlapping copies in std::string's operator+ that are not there (its bug 105651).
target_compile_options(rewire_flags INTERFACE -Wno-restrict)
# GoogleTest's macros end in an if without else.
target_compile_options(rewire_flags INTERFACE -Wno-dangling-else)
# The same results on every node of one CPU target need the same rounding everywhere.
target_compile_options(rewire_flags INTERFACE -ffp-contract=off)
if(REWIRE_WARNINGS_AS_ERRORS)
    target_compile_options(rewire_flags INTERFACE -Werror)
endif()
if(REWIRE_SANITIZE)
    target_compile_options(rewire_flags INTERFACE -fsanitize=${REWIRE_SANITIZE} -fno-omit-frame-pointer
                           -fno-sanitize-recover=undefined)
    target_link_options(rewire_flags INTERFACE -fsanitize=${REWIRE_SANITIZE})
endif()

set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
set(CMAKE_INSTALL_RPATH "$ORIGIN/../lib")

# Sources that are compiled together where REWIRE_UNITY is on; names in anonymous namespaces are unique in their folder.
set(CMAKE_UNITY_BUILD_BATCH_SIZE 12)

# rewire_precompile(NAME [PIC] [HEADERS headers...] [OPTIONS options...] [LIBRARIES targets...]): with REWIRE_UNITY, the
# standard headers that nearly every source reads, and HEADERS, read once for all targets that say
# rewire_use_precompiled(TARGET NAME); their options are these.
function(rewire_precompile name)
    cmake_parse_arguments(ARG "PIC" "" "HEADERS;OPTIONS;LIBRARIES" ${ARGN})
    if(NOT REWIRE_UNITY OR TARGET ${name})
        return()
    endif()
    set(source ${CMAKE_BINARY_DIR}/generated/${name}.cpp)
    file(CONFIGURE OUTPUT ${source} CONTENT "// Precompiled headers belong to a target, and a target has a source.\n")
    add_library(${name} OBJECT ${source})
    target_link_libraries(${name} PRIVATE fmt::fmt ${ARG_LIBRARIES} rewire_flags)
    target_compile_options(${name} PRIVATE ${ARG_OPTIONS})
    set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE ${ARG_PIC})
    target_precompile_headers(
        ${name} PRIVATE <algorithm> <array> <bit> <charconv> <chrono> <cmath> <cstdint> <cstdio> <cstdlib> <cstring>
                        <exception> <filesystem> <fstream> <functional> <limits> <map> <memory> <numbers> <numeric> <optional>
                        <set> <span> <sstream> <stdexcept> <string> <string_view> <tuple> <utility> <vector> <fmt/format.h>
                        ${ARG_HEADERS})
endfunction()
rewire_precompile(rewire_headers_of_libraries PIC)
rewire_precompile(rewire_headers_of_programs)

function(rewire_use_precompiled target name)
    if(REWIRE_UNITY)
        target_link_libraries(${target} PRIVATE fmt::fmt)
        target_precompile_headers(${target} REUSE_FROM ${name})
        # In them GCC 12 shows what it hides in headers of the system: copies in std::string that are too long, which are
        # not there (its bug 105651 again). A build without REWIRE_UNITY has these warnings.
        target_compile_options(${target} PRIVATE -Wno-array-bounds -Wno-stringop-overflow)
    endif()
endfunction()

# rewire_layer(NAME [ALONE] [PUBLIC targets...] [PRIVATE targets...]): all sources in this folder. ALONE: each is always
# compiled alone, where kernels for several instruction sets use the same names.
function(rewire_layer name)
    cmake_parse_arguments(ARG "ALONE" "" "PUBLIC;PRIVATE" ${ARGN})
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cpp)
    add_library(rewire_${name} SHARED ${sources})
    target_include_directories(rewire_${name} PUBLIC ${PROJECT_SOURCE_DIR}/include)
    target_link_libraries(rewire_${name} PUBLIC ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE} rewire_flags)
    rewire_use_precompiled(rewire_${name} rewire_headers_of_libraries)
    if(NOT ARG_ALONE)
        set_target_properties(rewire_${name} PROPERTIES UNITY_BUILD ${REWIRE_UNITY})
    endif()
    if(NOT REWIRE_SANITIZE)
        target_link_options(rewire_${name} PRIVATE -Wl,--no-undefined)
    endif()
    install(TARGETS rewire_${name} LIBRARY DESTINATION lib)
endfunction()
