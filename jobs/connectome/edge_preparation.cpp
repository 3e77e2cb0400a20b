#include "edge_preparation.hpp"

#include "estimate.hpp"
#include "shared_values.hpp"

#include <rewire/base/index.hpp>
#include <rewire/base/packed.hpp>

#include <algorithm>
#include <utility>

namespace rewire::jobs {

namespace {

using base::at;

/// Of heads_, for each version.
enum Head : std::int64_t
{
    head_fields,
    head_correlation,
    head_partial,
    head_leverage,
    head_refit,
    head_power,
    head_power_marginal,
    head_third,
    head_third_marginal,
    head_items,
};

/// Of samples_, for each version: the arrays of MomentArrays in their order.
constexpr auto sample_items = std::int64_t{9};

template <typename Moments, typename Field>
void each_moment_head(Moments& moments, Field field)
{
    field(moments.status), field(moments.status_text), field(moments.neurons);
    field(moments.active), field(moments.frames_used), field(moments.circles);
    field(moments.covariates), field(moments.lags), field(moments.rcond);
    field(moments.first_component), field(moments.power.width), field(moments.third.width);
    field(moments.third_marginal.width);
}

std::vector<std::byte> packed_head(const calcium::MomentPreparation& made)
{
    auto packer = base::Packer{};
    base::pack_value(packer, made.whole ? std::int64_t{1} : std::int64_t{0});
    each_moment_head(made.moments, [&](const auto& value) { base::pack_value(packer, value); });
    auto bytes = packer.take();
    bytes.resize(at(aligned(static_cast<std::int64_t>(bytes.size()))));
    return bytes;
}

std::span<const std::byte> bytes_of(calcium::MomentRows& rows)
{
    rows.single.resize((rows.single.size() + 1) / 2 * 2); // doubles may follow
    return rows.full.empty() ? std::as_bytes(std::span(rows.single))
                             : std::as_bytes(std::span(rows.full));
}

} // namespace

calcium::ShiftMomentOptions moment_options(EdgeSessions& sessions, const EdgeVersion& version)
{
    if (version.draw < 0)
        return {.skewness = calcium::Precision::single};
    return calcium::displaced_moment_options(sessions.displacement(version.position, version.draw),
                                             sessions.displacement_options(version.position));
}

EdgePreparation::EdgePreparation(runtime::RunContext& context, EdgeSessions& sessions,
                                 const std::vector<EdgeVersion>& versions)
    : context_(context), sessions_(sessions), versions_(versions.size())
{
    context_.collective("traces", [&] {
        for (std::size_t v = 0; v < versions.size(); ++v) {
            versions_[v].version = versions[v];
            versions_[v].circles = sessions_.traces(versions[v].position).circles;
            versions_[v].options = moment_options(sessions_, versions[v]);
        }
    });
    auto own = prepared_here();
    share(own);
    view();
}

EdgePreparation::~EdgePreparation() = default;

EdgePreparation::Own EdgePreparation::prepared_here()
{
    auto costs = std::vector<double>{};
    for (const auto& version : versions_)
        costs.push_back(edge_preparation_seconds(sessions_.info(version.version.position)));
    auto own = Own{};
    context_.hand_out("edge traces", costs, [&](std::int64_t unit, const runtime::Tick& tick) {
        const auto& version = versions_[at(unit)];
        const auto& session = sessions_.traces(version.version.position);
        auto made =
            calcium::prepare_moments(session.activity, version.circles, session.covariates.view(),
                                     version.options, scratch_, counting(tick));
        if (!made)
            return false;
        own.emplace_back(unit, std::move(*made));
        return true;
    });
    return own;
}

void EdgePreparation::share(Own& own)
{
    const auto count = static_cast<std::int64_t>(versions_.size());
    auto fields = std::vector<std::vector<std::byte>>{};
    auto heads = std::vector<mpi::SharedPiece>{};
    auto samples = std::vector<mpi::SharedPiece>{};
    for (auto& [unit, made] : own) {
        fields.push_back(packed_head(made));
        auto& moments = made.moments;
        const auto items = std::array<std::span<const std::byte>, head_items>{
            fields.back(),
            std::as_bytes(std::span(moments.correlation)),
            std::as_bytes(std::span(moments.partial)),
            std::as_bytes(std::span(moments.leverage)),
            std::as_bytes(std::span(moments.refit_share)),
            bytes_of(moments.power),
            bytes_of(moments.power_marginal),
            bytes_of(moments.third),
            bytes_of(moments.third_marginal)};
        for (std::int64_t k = 0; k < head_items; ++k)
            heads.push_back({unit * head_items + k, items[at(k)]});
        const auto arrays = made.arrays();
        const auto read = std::array<std::span<const std::byte>, at(sample_items)>{
            std::as_bytes(arrays.root),        std::as_bytes(arrays.factor),
            std::as_bytes(arrays.level),       std::as_bytes(arrays.row_start),
            std::as_bytes(arrays.row_frame),   std::as_bytes(arrays.row_value),
            std::as_bytes(arrays.frame_start), std::as_bytes(arrays.frame_row),
            std::as_bytes(arrays.frame_value)};
        for (std::int64_t k = 0; k < sample_items; ++k)
            samples.push_back({unit * sample_items + k, read[at(k)]});
    }
    context_.collective("share", [&] {
        heads_ = std::make_unique<mpi::NodeShared>(context_.comm(), count * head_items, heads);
        samples_ =
            std::make_unique<mpi::NodeShared>(context_.comm(), count * sample_items, samples);
    });
}

void EdgePreparation::view()
{
    for (std::size_t v = 0; v < versions_.size(); ++v) {
        auto& version = versions_[v];
        const auto head = static_cast<std::int64_t>(v) * head_items;
        auto unpacker = base::Unpacker(heads_->bytes_of(head));
        version.whole = base::unpack_value<std::int64_t>(unpacker) != 0;
        each_moment_head(version.head, [&](auto& value) {
            value = base::unpack_value<std::remove_reference_t<decltype(value)>>(unpacker);
        });
        const auto item = [&](Head k) { return heads_->bytes_of(head + k); };
        version.correlation = values_of<double>(item(head_correlation));
        version.partial = values_of<double>(item(head_partial));
        version.leverage = values_of<double>(item(head_leverage));
        version.refit_share = values_of<double>(item(head_refit));
        version.power = item(head_power);
        version.power_marginal = item(head_power_marginal);
        version.third = item(head_third);
        version.third_marginal = item(head_third_marginal);
        if (version.whole)
            continue;
        const auto first = static_cast<std::int64_t>(v) * sample_items;
        const auto sample = [&](std::int64_t k) { return samples_->bytes_of(first + k); };
        version.arrays = {.root = values_of<double>(sample(0)),
                          .factor = values_of<double>(sample(1)),
                          .level = values_of<double>(sample(2)),
                          .row_start = values_of<std::int64_t>(sample(3)),
                          .row_frame = values_of<std::int32_t>(sample(4)),
                          .row_value = values_of<double>(sample(5)),
                          .frame_start = values_of<std::int64_t>(sample(6)),
                          .frame_row = values_of<std::int32_t>(sample(7)),
                          .frame_value = values_of<double>(sample(8))};
    }
}

const EdgePreparation::Version& EdgePreparation::of(const EdgeVersion& version) const
{
    return *std::find_if(versions_.begin(), versions_.end(),
                         [&](const auto& one) { return one.version == version; });
}

double edge_preparation_bytes(std::int64_t neurons, std::int64_t frames, double samples)
{
    const auto n = static_cast<double>(neurons);
    return 24 * samples + 16 * static_cast<double>(frames) + 8 * 2 * n * n;
}

} // namespace rewire::jobs
