#pragma once

#include "activity_rows.hpp"

#include <rewire/calcium/shift_null.hpp>

#include <cstdint>
#include <vector>

namespace rewire::test {

inline const auto go_on = calcium::Tick([](std::int64_t) { return true; });
inline const auto key =
    calcium::ShiftNullKey{.seed = 5, .subject = base::key_of("A"), .session = 3};

/// What a case is made of, written out.
struct Setting
{
    Rows rows;
    std::vector<std::uint8_t> state; ///< empty: one
    Rows covariates;
    double shrinkage = 0;
    calcium::ShiftNullOptions options;

    std::int64_t frames() const { return static_cast<std::int64_t>(rows[0].size()); }
    calcium::ShiftNullPlan plan() const
    {
        auto flat = std::vector<double>{};
        for (const auto& row : covariates)
            flat.insert(flat.end(), row.begin(), row.end());
        auto with_shrinkage = options;
        if (shrinkage > 0)
            with_shrinkage.shrinkage = {.kind = calcium::Shrinkage::Kind::fixed,
                                        .value = shrinkage};
        return calcium::plan_shift_null(
            activity_of(rows, frames()).view(), state,
            {.count = static_cast<std::int64_t>(covariates.size()), .value = flat}, with_shrinkage,
            key);
    }
};

/// All blocks of a plan.
inline calcium::ShiftNullTally run_all(const calcium::ShiftNullPlan& plan)
{
    auto tally = empty_tally(plan);
    for (std::int64_t block = 0; block < plan.blocks(); ++block)
        add_to(tally, run_shift_block(plan, block, go_on).value());
    return tally;
}

} // namespace rewire::test
