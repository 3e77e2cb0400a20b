#include "catalogue.hpp"

#include "jobs/ccg/entry.hpp"
#include "jobs/chain/entry.hpp"
#include "jobs/connectome/entry.hpp"
#include "jobs/dynetcp_dynamic/entry.hpp"
#include "jobs/dynetcp_static/entry.hpp"
#include "jobs/export/entry.hpp"
#include "jobs/merge/entry.hpp"
#include "jobs/movement/entry.hpp"
#include "jobs/recovery/entry.hpp"
#include "jobs/report/entry.hpp"
#include "jobs/rewiring/entry.hpp"
#include "jobs/simulate/entry.hpp"
#include "jobs/study/entry.hpp"

namespace rewire::jobs {

std::vector<Entry> catalogue()
{
    return {study_entry(),    simulate_entry(), connectome_entry(),     movement_entry(),
            rewiring_entry(), ccg_entry(),      dynetcp_static_entry(), dynetcp_dynamic_entry(),
            recovery_entry(), merge_entry(),    export_entry(),         report_entry(),
            chain_entry()};
}

} // namespace rewire::jobs
