# Tests may run as root (in a container), which mpirun otherwise refuses.
set(REWIRE_TEST_ENVIRONMENT "OPENBLAS_NUM_THREADS=1;OMPI_ALLOW_RUN_AS_ROOT=1;OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1")

# Sanitizers make programs several times as slow.
set(REWIRE_SLOWER 1)
if(REWIRE_SANITIZE)
    set(REWIRE_SLOWER 5)
endif()

# Tests are compiled once and run once: most of their time is the compiler's. What they test is optimised as ever.
set(REWIRE_TEST_FLAGS $<$<CONFIG:Release>:-O1>)

# rewire_add_test(NAME SOURCES... LIBRARIES targets... [LABELS labels...] [TIMEOUT s]): a GoogleTest program without MPI,
# labelled unit unless it says otherwise.
# One in which every test was skipped counts as skipped (tests/support/test_main.cpp).
function(rewire_add_test name)
    cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LIBRARIES;LABELS" ${ARGN})
    if(NOT ARG_SOURCES)
        set(ARG_SOURCES ${name}.cpp)
    endif()
    if(NOT ARG_TIMEOUT)
        set(ARG_TIMEOUT 120)
    endif()
    math(EXPR ARG_TIMEOUT "${REWIRE_SLOWER} * ${ARG_TIMEOUT}")
    if(NOT ARG_LABELS)
        set(ARG_LABELS unit)
    endif()
    add_executable(${name} ${ARG_SOURCES})
    target_link_libraries(${name} PRIVATE ${ARG_LIBRARIES} rewire_test_support rewire_test_main GTest::gmock
                          GTest::gtest rewire_flags)
    target_compile_options(${name} PRIVATE ${REWIRE_TEST_FLAGS})
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}" SKIP_RETURN_CODE 77
                         ENVIRONMENT "${REWIRE_TEST_ENVIRONMENT}")
endfunction()

# Errors that valgrind knows of Open MPI and PMIx, which are not ours.
find_program(REWIRE_VALGRIND valgrind)
find_file(REWIRE_VALGRIND_SUPPRESSIONS openmpi-valgrind.supp PATHS /usr/share/openmpi)

# rewire_add_mpi_test(NAME RANKS 1 2 3 4 LIBRARIES targets... [ENVIRONMENT a=b...] [SUFFIX s]): the same program on each
# number of ranks. Its main (tests/support/mpi_main.cpp) makes one rank's failure everybody's.
# A second call with the same name runs the program again under another suffix. With sanitizers, on 2 ranks only.
# Without, it runs once on 2 ranks under valgrind, too (label long).
function(rewire_add_mpi_test name)
    cmake_parse_arguments(ARG "" "TIMEOUT;SUFFIX" "SOURCES;LIBRARIES;RANKS;LABELS;ENVIRONMENT" ${ARGN})
    if(NOT ARG_SOURCES)
        set(ARG_SOURCES ${name}.cpp)
    endif()
    if(NOT ARG_TIMEOUT)
        set(ARG_TIMEOUT 120)
    endif()
    math(EXPR ARG_TIMEOUT "${REWIRE_SLOWER} * ${ARG_TIMEOUT}")
    if(ARG_SUFFIX)
        set(suffix _${ARG_SUFFIX})
    endif()
    if(NOT TARGET ${name})
        add_executable(${name} ${ARG_SOURCES})
        target_link_libraries(${name} PRIVATE ${ARG_LIBRARIES} rewire_mpi rewire_test_support rewire_mpi_test_main
                              GTest::gmock GTest::gtest rewire_flags)
        target_compile_options(${name} PRIVATE ${REWIRE_TEST_FLAGS})
        set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
        if(REWIRE_VALGRIND AND REWIRE_VALGRIND_SUPPRESSIONS AND NOT REWIRE_SANITIZE)
            add_test(NAME ${name}_valgrind
                     COMMAND ${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG} 2 --oversubscribe ${REWIRE_VALGRIND} -q
                             --error-exitcode=99 --suppressions=${REWIRE_VALGRIND_SUPPRESSIONS}
                             --suppressions=${PROJECT_SOURCE_DIR}/tests/style/valgrind.supp $<TARGET_FILE:${name}>)
            set_tests_properties(${name}_valgrind PROPERTIES TIMEOUT 900 PROCESSORS 2 LABELS "long"
                                 ENVIRONMENT "${REWIRE_TEST_ENVIRONMENT};OMPI_MCA_mpi_yield_when_idle=1")
        endif()
    endif()
    if(REWIRE_SANITIZE)
        list(FILTER ARG_RANKS INCLUDE REGEX "^2$")
    endif()
    foreach(ranks IN LISTS ARG_RANKS)
        set(test ${name}_${ranks}_ranks${suffix})
        add_test(NAME ${test}
                 COMMAND ${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG} ${ranks} --oversubscribe $<TARGET_FILE:${name}>)
        set_tests_properties(${test} PROPERTIES TIMEOUT ${ARG_TIMEOUT} PROCESSORS ${ranks} LABELS "mpi;${ARG_LABELS}"
                             ENVIRONMENT "${REWIRE_TEST_ENVIRONMENT};OMPI_MCA_mpi_yield_when_idle=1;${ARG_ENVIRONMENT}")
    endforeach()
endfunction()
