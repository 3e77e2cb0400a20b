// GLMCC: the published tool on 20 simulated neurons, an independent fully converged fit of the
// same model (`tight_*`), and a network whose couplings are known.
#include "shared_data.hpp"

#include <rewire/io/hdf5.hpp>
#include <rewire/spikes/glmcc.hpp>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

using namespace rewire;
using namespace rewire::spikes;

namespace {

SpikeTrains trains_in(hid_t units)
{
    auto result = SpikeTrains{io::read_all<std::int64_t>(units, "spike_times_ns"), {0}};
    for (const auto end : io::read_all<std::int64_t>(units, "spike_times_index"))
        result.start.push_back(end);
    return result;
}

/// One model (GLM or LR) with one way of choosing the delay.
class Case
{
  public:
    Case(hid_t group, std::string model) : group_(group), model_(std::move(model)) {}

    std::vector<double> read(const std::string& name) const
    {
        return io::read_all<double>(group_, fmt::format("{}_{}", model_, name));
    }
    std::vector<double> tight(const std::string& name) const
    {
        return io::read_all<double>(group_, fmt::format("tight_{}_{}", model_, name));
    }
    std::vector<std::int64_t> integers(const std::string& name) const
    {
        return io::read_all<std::int64_t>(group_, name);
    }

  private:
    hid_t group_;
    std::string model_;
};

/// Against the fully converged optimum: 1e-6 relative.
void expect_tight(const Case& reference, const std::vector<GlmccEvents>& events,
                  const GlmccSettings& settings)
{
    const auto delays =
        static_cast<std::size_t>(settings.last_delay_ms - settings.first_delay_ms + 1);
    const auto coupling = reference.tight("J_ji_J_ij");
    const auto posterior = reference.tight("logpost");
    const auto likelihood = reference.tight("loglik");
    for (std::size_t pair = 0; pair < events.size(); ++pair)
        for (std::size_t d = 0; d < delays; ++d) {
            SCOPED_TRACE(fmt::format("pair {} delay {}", pair, d));
            const auto fit = fit_glmcc(events[pair], settings.first_delay_ms + static_cast<int>(d),
                                       settings.stiffness);
            const auto k = pair * delays + d;
            ASSERT_TRUE(fit.converged);
            ASSERT_NEAR(fit.coupling[1], coupling[2 * k], 1e-6 * (1 + std::abs(coupling[2 * k])));
            ASSERT_NEAR(fit.coupling[0], coupling[2 * k + 1],
                        1e-6 * (1 + std::abs(coupling[2 * k + 1])));
            ASSERT_NEAR(fit.log_posterior / posterior[k], 1, 1e-6);
            ASSERT_NEAR(fit.log_likelihood / likelihood[k], 1, 1e-6);
        }
}

/// Against the published tool, which stops early: |dJ| <= 2e-2, |dLP| <= 5e-2.
int expect_published(const Case& reference, const std::vector<GlmccPair>& pairs,
                     const GlmccSettings& settings)
{
    const auto lr = settings.mode == GlmccMode::likelihood_ratio;
    const auto delay = reference.read("delay");
    const auto posterior = reference.read("logpost");
    const auto weight = reference.read("W_mV");
    const auto i = reference.integers("i");
    const auto j = reference.integers("j");
    const auto background = reference.read("par");
    auto other_delays = 0;
    for (std::size_t pair = 0; pair < pairs.size(); ++pair) {
        SCOPED_TRACE(fmt::format("pair {}", pair));
        const auto& one = pairs[pair];
        if (one.fit.delay_ms != std::lround(delay[pair])) {
            ++other_delays;
            continue;
        }
        EXPECT_NEAR(one.fit.log_posterior, posterior[pair], 5e-2);
        EXPECT_NEAR(one.fit.log_background[20], background[pair * 102 + 20], 2e-2);
        for (const auto& [name, direction, pre, post] :
             {std::tuple{"ij", one.forward, i[pair], j[pair]},
              std::tuple{"ji", one.backward, j[pair], i[pair]}}) {
            SCOPED_TRACE(name);
            const auto of = [&](const char* what) {
                return reference.read(fmt::format("{}_{}", what, name))[pair];
            };
            EXPECT_NEAR(direction.fitted_coupling, of("rawJ"), 2e-2);
            const auto chance = settings.tau_ms * of("cc0");
            EXPECT_NEAR(direction.chance / chance, 1, 1e-2);
            if (std::abs(chance - 10) > 0.1)
                EXPECT_NEAR(direction.coupling, of("J"), 2e-2);
            if (direction.coupling != 0 && !lr)
                // their column lacks the factor of their test
                EXPECT_NEAR(direction.threshold / (1.277 * of("Jmin")), 1, 1e-2);
            if (lr && std::abs(direction.fitted_coupling) < 2.9) // at the limit theirs stops early
                EXPECT_NEAR(direction.likelihood_ratio, of("D"), 5e-2);
            const auto theirs = weight[static_cast<std::size_t>(pre * 20 + post)];
            EXPECT_EQ(direction.significant, theirs != 0);
            EXPECT_NEAR(direction.weight_mv, theirs, 2e-2 * 2.532);
        }
    }
    return other_delays;
}

} // namespace

TEST(GlmccReference, TwentySimulatedNeurons)
{
    const auto path = test::shared_data("reference/spikes/glmcc_hh20_0_5400s.h5");
    const auto data = test::shared_data("data/hh20/hh20_0_5400s.h5");
    if (path.empty() || data.empty())
        GTEST_SKIP() << test::skipped_reference;
    const auto file = io::open_for_reading(path);
    const auto spikes = io::open_for_reading(data);
    const auto trains = trains_in(io::open_group(spikes, "units"));
    auto other_delays = 0;
    for (const auto* name : {"sim", "exp"}) {
        const auto group = io::open_group(file, name);
        const auto i = io::read_all<std::int64_t>(group, "i");
        const auto j = io::read_all<std::int64_t>(group, "j");
        const auto number = io::read_all<std::int64_t>(group, "n_sp");
        auto events = std::vector<GlmccEvents>{};
        for (std::size_t pair = 0; pair < i.size(); ++pair) {
            events.push_back(
                glmcc_events(trains.view().train(i[pair]), trains.view().train(j[pair])));
            EXPECT_EQ(events.back().events, number[pair]);
        }
        for (const auto mode : {GlmccMode::glm, GlmccMode::likelihood_ratio}) {
            const auto* model = mode == GlmccMode::glm ? "GLM" : "LR";
            SCOPED_TRACE(fmt::format("{} {}", name, model));
            auto settings = GlmccSettings::with(mode, std::string_view(name) == "exp");
            settings.window_of_published_code = true;
            const auto reference = Case(group, model);
            auto pairs = std::vector<GlmccPair>{};
            for (const auto& one : events)
                pairs.push_back(glmcc_pair(one, settings));
            expect_tight(reference, events, settings);
            other_delays += expect_published(reference, pairs, settings);
        }
    }
    EXPECT_LE(other_delays, 1); // of 760 (methods page)
}
