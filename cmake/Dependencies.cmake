# Everything here is a Debian package; README.md names the command that installs them.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(MPI REQUIRED COMPONENTS C)
find_package(Eigen3 3.4 REQUIRED NO_MODULE)
find_package(Boost 1.74 REQUIRED COMPONENTS program_options)
find_package(spdlog REQUIRED)
find_package(fmt REQUIRED)
pkg_check_modules(HDF5 REQUIRED IMPORTED_TARGET hdf5-openmpi)
pkg_check_modules(OPENBLAS REQUIRED IMPORTED_TARGET openblas)
find_package(ZLIB REQUIRED)
pkg_check_modules(CRYPTO REQUIRED IMPORTED_TARGET libcrypto)
pkg_check_modules(PETSC REQUIRED IMPORTED_TARGET petsc)
pkg_check_modules(SLEPC REQUIRED IMPORTED_TARGET slepc)
pkg_check_modules(FFTW REQUIRED IMPORTED_TARGET fftw3)

find_path(REWIRE_RANDOM123_INCLUDE Random123/philox.h REQUIRED)

# Open MPI's C++ bindings are not used; without this every object would refer to them.
add_compile_definitions(OMPI_SKIP_MPICXX MPICH_SKIP_MPICXX)

find_library(REWIRE_HDF5_HL NAMES hdf5_hl hdf5_openmpi_hl HINTS ${HDF5_LIBRARY_DIRS} REQUIRED)
