#include "weights.hpp"

#include <rewire/base/index.hpp>
#include <rewire/dynetcp/dynamic_model.hpp>
#include <rewire/io/result_file.hpp>

#include <algorithm>

namespace rewire::jobs {

namespace {

using base::at;

/// Weights of the edges into some receivers in one trial: what was asked for last is held.
class HeldWeights
{
  public:
    HeldWeights(const dynetcp::DynamicLayout& layout, const dynetcp::TrialValues& shown,
                const std::vector<float>& parameters)
        : layout_(layout),
          shown_(shown),
          parameters_(parameters),
          network_(layout, shown.bins, dynetcp::DynamicTraining::encoder)
    {
        network_.set(parameters);
    }

    /// [bin, lag] of an edge in a trial.
    std::span<const float> of(std::int64_t trial, std::int64_t edge)
    {
        if (trial != trial_ || edge < edges_.first || edge >= edges_.last)
            compute(trial, edge);
        return std::span(weights_).subspan(at(edge - edges_.first) * size(), size());
    }

  private:
    std::size_t size() const { return at(shown_.bins * layout_.sizes().lags); }

    /// Receivers from that of the edge on, as many as are held at a time.
    void compute(std::int64_t trial, std::int64_t edge)
    {
        const auto& incoming = layout_.incoming();
        const auto holds = [&](const auto& one) { return one.edge.back() >= edge; };
        const auto first = std::find_if(incoming.begin(), incoming.end(), holds);
        auto last = first;
        auto bytes = 0.0;
        for (; last != incoming.end(); ++last) {
            bytes += static_cast<double>(last->edge.size() * size() * sizeof(float));
            if (last != first && bytes > held_weight_bytes)
                break;
        }
        trial_ = trial;
        edges_ = {first->edge.front(), std::prev(last)->edge.back() + 1};
        weights_.assign(at(edges_.size()) * size(), 0);
        for (auto one = edges_.first; one < edges_.last; ++one)
            for (std::int64_t bin = 0; bin < shown_.bins; ++bin)
                add_static(one, bin);
        const auto lags = layout_.sizes().lags;
        network_.visit_offsets(
            shown_, trial, first - incoming.begin(), last - incoming.begin(),
            [&](std::int64_t bin, const auto& into, std::span<const float> offsets) {
                for (std::size_t k = 0; k < into.edge.size(); ++k) {
                    auto* to = row(into.edge[k], bin);
                    for (std::int64_t lag = 0; lag < lags; ++lag)
                        to[lag] += offsets[k * at(lags) + at(lag)];
                }
            });
    }

    float* row(std::int64_t edge, std::int64_t bin)
    {
        return weights_.data() +
               at(((edge - edges_.first) * shown_.bins + bin) * layout_.sizes().lags);
    }

    /// At the first bin there is nothing else.
    void add_static(std::int64_t edge, std::int64_t bin)
    {
        const auto lags = layout_.sizes().lags;
        const auto shape = dynetcp::StaticShape{layout_.neurons(), lags};
        const auto& one = layout_.edges()[at(edge)];
        const auto* from = parameters_.data() + layout_.encoder_parameters() +
                           one.receiver * shape.parameters() + one.sender * lags;
        std::copy_n(from, lags, row(edge, bin));
    }

    const dynetcp::DynamicLayout& layout_;
    const dynetcp::TrialValues& shown_;
    const std::vector<float>& parameters_;
    dynetcp::DynamicModel<float> network_;
    std::int64_t trial_ = -1;
    base::Range edges_;
    std::vector<float> weights_; ///< [edges, bin, lag]
};

/// Values of a chunk of [trial, edge, bin, lag].
void fill_chunk(HeldWeights& held, const io::ChunkGrid& grid, std::int64_t number,
                std::span<float> values)
{
    const auto from = grid.offset_of(number);
    const auto extent = grid.extent_of(number);
    auto to = values.begin();
    for (auto trial = from[0]; trial < from[0] + extent[0]; ++trial)
        for (auto edge = from[1]; edge < from[1] + extent[1]; ++edge) {
            const auto weights = held.of(trial, edge);
            for (auto bin = from[2]; bin < from[2] + extent[2]; ++bin)
                to = std::copy_n(weights.begin() + bin * grid.shape[3] + from[3], extent[3], to);
        }
}

} // namespace

std::vector<std::int64_t> shown_trials(const SessionTrials& session, const SplitSettings& settings)
{
    auto split = split_of(session, settings);
    return split.test.empty() ? std::move(split.validation) : std::move(split.test);
}

void write_trial_weights(runtime::RunContext& context, const std::string& phase,
                         const io::Handle& file, const DynamicResult& model,
                         const SessionTrials& session, const SplitSettings& settings,
                         const io::Handle* group)
{
    const auto layout = layout_of(model);
    const auto trials = shown_trials(session, settings);
    const auto parameters =
        context.collective("model", [&] { return read_parameters(file, model, layout); });
    const auto shown = dynetcp::selected(session.spikes, trials);
    auto dataset = io::Handle{};
    context.collective("write", [&] {
        if (group == nullptr)
            return;
        io::write_axis(*group, "trial", trials, "trials that are shown, from 0 by time");
        io::write_text_attribute(
            io::write_axis(*group, "lag_ms", model.lag_ms, "from the sender's spike to the bin"),
            "units", "ms");
        dataset =
            io::make_array<float>(*group, "trial_weight", {"trial", "edge", "time_s", "lag_ms"},
                                  "1", "static weight plus offset in every trial that is shown");
    });
    const auto grid = io::result_chunks({shown.trials, model.edges(), model.bins(), model.lags()});
    const auto& comm = context.comm();
    const auto part = base::part_of(grid.count(), comm.size(), comm.rank());
    auto mine = std::vector<std::int64_t>{};
    for (auto number = part.first; number < part.last; ++number)
        mine.push_back(number);
    auto held = HeldWeights(layout, shown, parameters);
    // An error of one rank is that of all of them already.
    context.collective(phase, [&] {
        io::write_chunks<float>(comm, dataset.get(), grid, mine,
                                [&](std::int64_t number, std::span<float> values) {
                                    fill_chunk(held, grid, number, values);
                                });
    });
}

} // namespace rewire::jobs
