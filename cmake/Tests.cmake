# Tests may run as root (in a container), which mpirun otherwise refuses.
set(REWIRE_TEST_ENVIRONMENT "OPENBLAS_NUM_THREADS=1;OMPI_ALLOW_RUN_AS_ROOT=1;OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1")

# Sanitizers make programs several times as slow.
set(REWIRE_SLOWER 1)
if(REWIRE_SANITIZE)
    set(REWIRE_SLOWER 5)
endif()

# Tests are compiled once and run once: most of their time is the compiler's. What they test is optimised as ever.
set(REWIRE_TEST_FLAGS $<$<CONFIG:Release>:-O1>)
rewire_precompile(rewire_headers_of_tests HEADERS <gmock/gmock.h> <gtest/gtest.h> OPTIONS ${REWIRE_TEST_FLAGS}
                  LIBRARIES GTest::gmock GTest::gtest)

# rewire_compile_together(PROGRAM SOURCES...): the sources of PROGRAM; with REWIRE_UNITY, up to eight of them in one file
# that it generates. Nearly all of a test's time in the compiler goes into GoogleTest and other headers, which are read
# once there, before the sources, each of which then has a namespace of its own: helpers of tests may have the same names.
function(rewire_compile_together program)
    if(NOT REWIRE_UNITY)
        target_sources(${program} PRIVATE ${ARGN})
        return()
    endif()
    list(LENGTH ARGN count)
    math(EXPR parts "(${count} + 7) / 8")
    foreach(part RANGE 1 ${parts})
        math(EXPR first "(${part} - 1) * ${count} / ${parts}")
        math(EXPR length "${part} * ${count} / ${parts} - ${first}")
        list(SUBLIST ARGN ${first} ${length} batch)
        set(headers "")
        set(bodies "")
        foreach(source IN LISTS batch)
            file(STRINGS ${source} includes REGEX "^#include ")
            list(APPEND headers ${includes})
            get_filename_component(name ${source} NAME_WE)
            string(APPEND bodies "namespace ${name} {\n#include \"${CMAKE_CURRENT_SOURCE_DIR}/${source}\"\n}\n")
        endforeach()
        list(REMOVE_DUPLICATES headers)
        list(JOIN headers "\n" headers)
        set(together ${CMAKE_CURRENT_BINARY_DIR}/${program}_${part}.cpp)
        file(CONFIGURE OUTPUT ${together} CONTENT "${headers}\n${bodies}" @ONLY)
        target_sources(${program} PRIVATE ${together})
    endforeach()
    # A fixture in an anonymous namespace is what the compiler expects in the file that it was given only.
    target_compile_options(${program} PRIVATE -Wno-subobject-linkage)
endfunction()

# rewire_add_tests(PROGRAM TESTS names... LIBRARIES targets... [LABEL label] [TIMEOUT s]): one GoogleTest program without
# MPI from NAME.cpp of every test, and in ctest a test NAME for what is in that source, labelled unit unless it says
# otherwise. One in which every test was skipped counts as skipped (tests/support/test_main.cpp).
function(rewire_add_tests program)
    cmake_parse_arguments(ARG "" "TIMEOUT;LABEL" "TESTS;LIBRARIES" ${ARGN})
    if(NOT ARG_TIMEOUT)
        set(ARG_TIMEOUT 120)
    endif()
    math(EXPR ARG_TIMEOUT "${REWIRE_SLOWER} * ${ARG_TIMEOUT}")
    if(NOT ARG_LABEL)
        set(ARG_LABEL unit)
    endif()
    list(TRANSFORM ARG_TESTS APPEND .cpp OUTPUT_VARIABLE sources)
    add_executable(${program})
    rewire_compile_together(${program} ${sources})
    target_link_libraries(${program} PRIVATE ${ARG_LIBRARIES} rewire_test_support rewire_test_main GTest::gmock
                          GTest::gtest rewire_flags)
    target_compile_options(${program} PRIVATE ${REWIRE_TEST_FLAGS})
    rewire_use_precompiled(${program} rewire_headers_of_tests)
    set_target_properties(${program} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
    foreach(name IN LISTS ARG_TESTS)
        add_test(NAME ${name} COMMAND ${program} ${name})
        set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABEL}" SKIP_RETURN_CODE 77
                             ENVIRONMENT "${REWIRE_TEST_ENVIRONMENT}")
    endforeach()
endfunction()

# Errors that valgrind knows of Open MPI and PMIx, which are not ours.
find_program(REWIRE_VALGRIND valgrind)
find_file(REWIRE_VALGRIND_SUPPRESSIONS openmpi-valgrind.supp PATHS /usr/share/openmpi)

# rewire_add_mpi_program(PROGRAM TESTS names... LIBRARIES targets...): the same for tests over MPI. Its main
# (tests/support/mpi_main.cpp) makes one rank's failure everybody's, and skips as above. rewire_add_mpi_test says on how
# many ranks each runs. Without sanitizers, each runs once on 2 ranks under valgrind, too (label long).
function(rewire_add_mpi_program program)
    cmake_parse_arguments(ARG "" "" "TESTS;LIBRARIES" ${ARGN})
    list(TRANSFORM ARG_TESTS APPEND .cpp OUTPUT_VARIABLE sources)
    add_executable(${program})
    rewire_compile_together(${program} ${sources})
    target_link_libraries(${program} PRIVATE ${ARG_LIBRARIES} rewire_mpi rewire_test_support rewire_mpi_test_main
                          GTest::gmock GTest::gtest rewire_flags)
    target_compile_options(${program} PRIVATE ${REWIRE_TEST_FLAGS})
    rewire_use_precompiled(${program} rewire_headers_of_tests)
    set_target_properties(${program} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
    foreach(name IN LISTS ARG_TESTS)
        set_property(GLOBAL PROPERTY REWIRE_PROGRAM_OF_${name} ${program})
        if(REWIRE_VALGRIND AND REWIRE_VALGRIND_SUPPRESSIONS AND NOT REWIRE_SANITIZE)
            add_test(NAME ${name}_valgrind
                     COMMAND ${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG} 2 --oversubscribe ${REWIRE_VALGRIND} -q
                             --error-exitcode=99 --suppressions=${REWIRE_VALGRIND_SUPPRESSIONS}
                             --suppressions=${PROJECT_SOURCE_DIR}/tests/style/valgrind.supp $<TARGET_FILE:${program}>
                             ${name})
            set_tests_properties(${name}_valgrind PROPERTIES TIMEOUT 900 PROCESSORS 2 LABELS "long" SKIP_RETURN_CODE 77
                                 ENVIRONMENT "${REWIRE_TEST_ENVIRONMENT};OMPI_MCA_mpi_yield_when_idle=1")
        endif()
    endforeach()
endfunction()

# rewire_add_mpi_test(NAME RANKS 1 2 3 4 [ENVIRONMENT a=b...] [SUFFIX s] [TIMEOUT s]): a test of such a program on each
# number of ranks. A second call with the same name runs it again under another suffix. With sanitizers, on 2 ranks only.
function(rewire_add_mpi_test name)
    cmake_parse_arguments(ARG "" "TIMEOUT;SUFFIX" "RANKS;ENVIRONMENT" ${ARGN})
    if(NOT ARG_TIMEOUT)
        set(ARG_TIMEOUT 120)
    endif()
    math(EXPR ARG_TIMEOUT "${REWIRE_SLOWER} * ${ARG_TIMEOUT}")
    if(ARG_SUFFIX)
        set(suffix _${ARG_SUFFIX})
    endif()
    if(REWIRE_SANITIZE)
        list(FILTER ARG_RANKS INCLUDE REGEX "^2$")
    endif()
    get_property(program GLOBAL PROPERTY REWIRE_PROGRAM_OF_${name})
    foreach(ranks IN LISTS ARG_RANKS)
        set(test ${name}_${ranks}_ranks${suffix})
        add_test(NAME ${test} COMMAND ${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG} ${ranks} --oversubscribe
                                      $<TARGET_FILE:${program}> ${name})
        set_tests_properties(${test} PROPERTIES TIMEOUT ${ARG_TIMEOUT} PROCESSORS ${ranks} COST 50 LABELS "mpi"
                             SKIP_RETURN_CODE 77
                             ENVIRONMENT "${REWIRE_TEST_ENVIRONMENT};OMPI_MCA_mpi_yield_when_idle=1;${ARG_ENVIRONMENT}")
    endforeach()
endfunction()
