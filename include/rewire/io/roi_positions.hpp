#pragma once

#include <rewire/io/nwb_session.hpp>

#include <array>
#include <string>
#include <vector>

namespace rewire::io {

/// Where the neurons of a session lie on the field of view.
struct RoiPositions
{
    std::vector<std::array<double, 3>> place; ///< [neuron] z 0 in a plane; NaN where unknown
    std::string unit;                         ///< "um", "pixels", or what the column says
    std::string source;                       ///< "pixel_mask"; empty: the file has none

    bool known() const noexcept { return !source.empty(); }
    /// In `unit`; NaN where one is unknown.
    double distance(std::size_t i, std::size_t j) const;
};

/// Centroids of the ROIs' masks (voxel_mask, pixel_mask, image_mask), weighted, in micrometres
/// where the imaging plane has a grid spacing; else a column `centroid`, `position` or `positions`
/// with two or three numbers a ROI, or columns `x`, `y` and perhaps `z`. Reads all masks: 20 B a
/// pixel of them, one image at a time. What is damaged or has another form counts as not there.
RoiPositions roi_positions(const NwbSession& session);

} // namespace rewire::io
