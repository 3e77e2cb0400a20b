// The program with two more jobs, which nothing else knows of, and one that fails.
#include "faulty.hpp"
#include "jobs/catalogue.hpp"
#include "jobs/frame/program.hpp"
#include "unit_rates.hpp"

int main(int argc, char** argv)
{
    rewire::jobs::run_program(argc, argv, [] {
        auto entries = rewire::jobs::catalogue();
        entries.push_back(rewire::test::unit_rates_entry());
        entries.push_back(rewire::test::event_rates_entry());
        entries.push_back(rewire::test::faulty_entry());
        return entries;
    });
}
