#include "catalogue.hpp"
#include "jobs/frame/program.hpp"

int main(int argc, char** argv)
{
    rewire::jobs::run_program(argc, argv, rewire::jobs::catalogue);
}
