#pragma once

#include <rewire/report/figure.hpp>

#include <string>
#include <vector>

namespace rewire::report {

/// Values over two axes, in colours from low to high; the key is `colour_key`.
struct HeatMap
{
    std::string title;
    Axis x;
    Axis y;
    std::vector<double> column; ///< middle of every column, evenly spaced
    std::vector<double> row;    ///< middle of every row, evenly spaced
    std::vector<double> value;  ///< [row, column]; NaN: grey
    double low = 0;             ///< of the colours; what is beyond has the colour of the end
    double high = 1;
    Palette palette = Palette::sequence;
    Size size{330, 300};
};
/// @throws InputError: values that are not rows * columns
Figure figure_of(const HeatMap& plot);

} // namespace rewire::report
