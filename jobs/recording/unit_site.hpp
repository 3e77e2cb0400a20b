#pragma once

#include <rewire/io/nwb_session.hpp>
#include <rewire/io/nwb_table.hpp>
#include <rewire/spikes/connection_rule.hpp>

#include <limits>
#include <string>
#include <vector>

namespace rewire::jobs {

/// Where a unit was recorded and how its spike looks, as far as the file says.
struct UnitSite
{
    spikes::UnitPlace place; ///< of the electrode with the id in the column `peak_channel_id`
    std::string area; ///< column ecephys_structure_acronym, area or location of the units, else the
                      ///< electrode's `location`; may be empty
    std::string layer; ///< column layer or cortical_layer of the units; may be empty
    /// Trough to peak of the waveform, ms: column waveform_duration. NaN: not known.
    double waveform_ms = std::numeric_limits<double>::quiet_NaN();
};

/// Of all units of the table.
std::vector<UnitSite> sites_of(const io::NwbSession& file, const io::Table& units);

} // namespace rewire::jobs
