#pragma once

#include <rewire/io/hdf5.hpp>

#include <cstdint>
#include <string>
#include <vector>

/// What names say of series of ROIs, and which rows of a ROI table are meant.
namespace rewire::io {

/// What a RoiResponseSeries holds, by its own name, those of the groups it is in, and the type of
/// its container.
enum class SignalKind : int
{
    dff,          ///< named so, or in a DfOverF container
    fluorescence, ///< raw: named so, or in a Fluorescence container
    neuropil,     ///< of the surround, whatever the container
    deconvolved,  ///< events or spikes, whatever the container
    unknown
};
SignalKind kind_of_signal(const std::string& path, const std::string& container);
std::string name_of(SignalKind kind);

/// `--where COLUMN==VALUE`: ROIs of which a column of the ROI table has a value.
struct RoiCondition
{
    std::string column;
    std::string value;
    friend bool operator==(const RoiCondition&, const RoiCondition&) = default;
};
/// @throws UsageError: not COLUMN==VALUE
RoiCondition parse_roi_condition(const std::string& text);

/// The columns among `columns` that tell good ROIs from others (iscell, accepted, ...).
std::vector<std::string> quality_columns(const std::vector<std::string>& columns);

/// Columns of a ROI table, but for `id`, that hold a text or a whole number of its own for every
/// ROI: what may identify neurons. Reads them.
std::vector<std::string> identifying_columns(hid_t table);
/// What to do where ids are rows. @param candidates [session] identifying columns of each
std::string advice_on_columns(const std::vector<std::vector<std::string>>& candidates);

/// 1 for the rows of the ROI table that meet the condition. Numbers are compared as numbers (1 is
/// 1.0, true and yes are 1 for booleans and whole numbers), text as text. Of a column with several
/// numbers a row (suite2p's iscell: class and probability) the first counts.
/// @throws InputError: no such column (those that are there are named); not numbers although the
/// column is, or neither numbers nor text
std::vector<std::uint8_t> rows_where(hid_t table, const RoiCondition& condition);

} // namespace rewire::io
