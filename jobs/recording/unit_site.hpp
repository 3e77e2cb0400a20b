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
    /// Of the electrode whose id is in the column `peak_channel_id`, else of the one that the
    /// unit's row of `electrodes` refers to, if it is one: x, y, z, else rel_x, rel_y, rel_z.
    spikes::UnitPlace place;
    std::string area; ///< column ecephys_structure_acronym, area or location of the units, else the
                      ///< electrode's `location`; may be empty
    std::string layer; ///< column layer or cortical_layer of the units; may be empty
    /// Trough to peak of the waveform, ms: column waveform_duration. NaN: not known.
    double waveform_ms = std::numeric_limits<double>::quiet_NaN();
};

/// Of all units of the table.
std::vector<UnitSite> sites_of(const io::NwbSession& file, const io::Table& units);

} // namespace rewire::jobs
