#include "catalogue.hpp"

namespace rewire::jobs {

const std::vector<runtime::Job>& catalogue()
{
    static const auto jobs = std::vector<runtime::Job>{
        study_job(),    simulate_job(), connectome_job(), movement_job(), rewiring_job(),
        recovery_job(), merge_job(),    export_job(),     report_job()};
    return jobs;
}

} // namespace rewire::jobs
