#pragma once

#include "nwb_tiles.hpp"

#include <rewire/io/nwb_session.hpp>

namespace rewire::io {

/// value = stored * conversion + offset
struct Scaling
{
    double conversion = 1;
    double offset = 0;
    bool none = true;
};
Scaling scaling_of(hid_t data);

/// The activity of a session. @throws InputError: none
SampleGrid grid_of(const NwbSession& session);

} // namespace rewire::io
