# Run at every build: cmake -DSOURCE=.. -DTARGET=.. -DPROJECT_VERSION=.. -P WriteVersion.cmake
execute_process(COMMAND git -C ${SOURCE} describe --always --dirty --abbrev=12 --exclude=*
                OUTPUT_VARIABLE REWIRE_GIT_REVISION OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT REWIRE_GIT_REVISION)
    set(REWIRE_GIT_REVISION "unknown revision")
endif()
configure_file(${SOURCE}/cmake/version.hpp.in ${TARGET} @ONLY)
