#include "catalogue.hpp"

#include "jobs/ccg/entry.hpp"
#include "jobs/chain/entry.hpp"
#include "jobs/compare/entry.hpp"
#include "jobs/connectome/entry.hpp"
#include "jobs/dynamics/entry.hpp"
#include "jobs/dynetcp_dynamic/entry.hpp"
#include "jobs/dynetcp_static/entry.hpp"
#include "jobs/export/entry.hpp"
#include "jobs/glmcc/entry.hpp"
#include "jobs/jpsth/entry.hpp"
#include "jobs/merge/entry.hpp"
#include "jobs/movement/entry.hpp"
#include "jobs/recovery/entry.hpp"
#include "jobs/report/entry.hpp"
#include "jobs/rewiring/entry.hpp"
#include "jobs/simulate/entry.hpp"
#include "jobs/status/entry.hpp"
#include "jobs/study/entry.hpp"

namespace rewire::jobs {

std::vector<Entry> catalogue()
{
    auto entries = std::vector<Entry>{};
    entries.push_back(study_entry());
    entries.push_back(simulate_entry());
    entries.push_back(connectome_entry());
    entries.push_back(movement_entry());
    entries.push_back(rewiring_entry());
    entries.push_back(ccg_entry());
    entries.push_back(glmcc_entry());
    entries.push_back(compare_entry());
    entries.push_back(jpsth_entry());
    entries.push_back(dynetcp_static_entry());
    entries.push_back(dynetcp_dynamic_entry());
    entries.push_back(dynamics_entry());
    entries.push_back(recovery_entry());
    entries.push_back(merge_entry());
    entries.push_back(export_entry());
    entries.push_back(report_entry());
    entries.push_back(chain_entry());
    entries.push_back(status_entry());
    return entries;
}

} // namespace rewire::jobs
