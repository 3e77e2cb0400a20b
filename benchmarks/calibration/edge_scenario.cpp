#include "edge_scenario.hpp"

#include <utility>

namespace rewire::calibration {

Make simulated(const EventModel& model)
{
    return [=](std::uint64_t seed) {
        auto session = session_of(events_of(model, seed), truth_of(model));
        session.rate_hz = model.rate_hz;
        return session;
    };
}

Scenario edge_scenario(std::string name, std::string says, const Make& make, double seconds,
                       std::int64_t data_sets, std::int64_t checked, std::vector<Band> bands,
                       EdgeMeasure measure)
{
    return {.family = "edges",
            .name = std::move(name),
            .says = std::move(says),
            .seconds = seconds,
            .data_sets = data_sets,
            .checked = checked,
            .measure = [=](std::uint64_t seed) { return measure_edges(make(seed), measure, seed); },
            .bands = std::move(bands),
            .write = [=](std::uint64_t seed, hid_t group) { write_session(make(seed), group); }};
}

Bands operator+(Bands a, const Bands& b)
{
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

Band rate(const char* statistic, double level, double low, double high)
{
    return {statistic, Quantity::rate, level, low, high};
}

Band fdr_at_most(const char* statistic, double high)
{
    return {statistic, Quantity::fdr, 0.05, 0, high};
}

Band power_at_least(const char* statistic, double low)
{
    return {statistic, Quantity::power, 0.05, low};
}

Band displaced(const char* statistic, double low, double high)
{
    return {std::string("displaced ") + statistic + " at 0.05", Quantity::value, 0, low, high};
}

Bands exact_partial()
{
    return {rate("p_partial", 0.05, 0.9, 1.1), rate("p_partial", 0.01, 0.9, 1.1)};
}

Bands exact_marginal()
{
    return {rate("p_marginal", 0.05, 0.9, 1.1), rate("p_marginal", 0.01, 0.9, 1.1)};
}

Bands valid_both()
{
    return {rate("p_fine", 0.05, 0.6, 1), rate("p_both", 0.05, 0.2, 1), rate("p_both", 0.01, 0, 1),
            rate("p_holm", 0.05, 0, 1)};
}

Bands valid_under_drive()
{
    return {rate("p_fine", 0.05, 0.6, 1.5), rate("p_both", 0.05, 0.25, 1.5)};
}

} // namespace rewire::calibration
