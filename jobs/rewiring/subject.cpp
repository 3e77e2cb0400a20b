#include "subject.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/pack.hpp>
#include <rewire/linalg/eigenpairs.hpp>
#include <rewire/linalg/singular_triplets.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <utility>

namespace rewire::jobs {

namespace {

/// Of the multidimensional scaling.
constexpr auto dimensions = Eigen::Index{2};

std::vector<PairUnit> units_of(const std::vector<SubjectConnectomes>& subjects)
{
    auto units = std::vector<PairUnit>{};
    for (std::size_t subject = 0; subject < subjects.size(); ++subject)
        for (const auto& pairs : base::blocks_of(
                 subjects[subject].pairs(),
                 unit_pairs(static_cast<std::int64_t>(subjects[subject].sessions.size()))))
            units.push_back({subject, pairs});
    return units;
}

/// Columns of a subject that one rank keeps.
struct Columns
{
    std::vector<network::SparseSessionBlock> blocks;

    Eigen::Index count() const
    {
        auto sum = Eigen::Index{0};
        for (const auto& block : blocks)
            sum += block.cols();
        return sum;
    }
    void add_product(std::span<const double> x, std::span<double> y) const
    {
        auto first = std::size_t{0};
        for (const auto& block : blocks) {
            const auto size = static_cast<std::size_t>(block.cols());
            network::add_centred_product(block, x.subspan(first, size), y);
            first += size;
        }
    }
    void add_transposed_product(std::span<const double> y, std::span<double> x) const
    {
        auto first = std::size_t{0};
        for (const auto& block : blocks) {
            const auto size = static_cast<std::size_t>(block.cols());
            network::add_transposed_centred_product(block, y, x.subspan(first, size));
            first += size;
        }
    }
};

template <typename Matrix>
void pack_matrix(base::Packer& packer, const Matrix& matrix)
{
    packer.put(static_cast<std::int64_t>(matrix.rows()));
    packer.put(static_cast<std::int64_t>(matrix.cols()));
    packer.put_all(std::span<const double>(matrix.data(), static_cast<std::size_t>(matrix.size())));
}

Eigen::MatrixXd unpack_matrix(base::Unpacker& unpacker)
{
    const auto rows = unpacker.get<std::int64_t>();
    const auto columns = unpacker.get<std::int64_t>();
    const auto values = unpacker.get_all<double>();
    return Eigen::Map<const Eigen::MatrixXd>(values.data(), rows, columns);
}

/// Results of all units on all ranks, in the order of the units, so that what is summed from them
/// has the same bits on any number of ranks. Collective.
std::vector<std::vector<std::byte>>
known_to_all(const mpi::Communicator& comm, const runtime::UnitResults& mine, std::size_t units)
{
    auto by_unit = std::vector<std::vector<std::byte>>(units);
    runtime::give_to_all(comm, mine, [&](std::int64_t unit, std::span<const std::byte> bytes) {
        by_unit[static_cast<std::size_t>(unit)].assign(bytes.begin(), bytes.end());
    });
    return by_unit;
}

} // namespace

std::int64_t unit_pairs(std::int64_t sessions)
{
    constexpr auto most_pairs = std::int64_t{262144};
    constexpr auto fewest_pairs = std::int64_t{16384};
    return std::clamp(16 * most_pairs / std::max<std::int64_t>(sessions, 1), fewest_pairs,
                      most_pairs);
}

std::vector<network::Extreme> all_top_pairs(const SubjectRewiring& result)
{
    auto pairs = std::vector<network::Extreme>{};
    for (const auto positive : {true, false})
        for (const auto& top : result.top) {
            const auto& list = positive ? top.positive : top.negative;
            pairs.insert(pairs.end(), list.begin(), list.end());
        }
    return pairs;
}

RewiringRun::RewiringRun(runtime::RunContext& context, const io::Handle& connectome,
                         std::vector<SubjectConnectomes> subjects, const RewiringSettings& settings)
    : context_(context),
      connectome_(connectome),
      subjects_(std::move(subjects)),
      settings_(settings),
      units_(units_of(subjects_)),
      results_(subjects_.size())
{
}

void RewiringRun::compute()
{
    sum_grams();
    context_.collective("components", [&] { find_components(); });
    find_components_by_shell();
    loadings_ = compute_loadings();
    const auto extremes = merge_top_pairs(top_pairs_here());
    context_.collective("signs", [&] {
        for (std::size_t subject = 0; subject < results_.size(); ++subject) {
            auto& result = results_[subject];
            network::drop_rounding(result.top, extremes[subject]);
            result.orientation = network::orient(result.components, extremes[subject]);
            network::apply(result.orientation, result.top);
        }
    });
    read_top_values();
}

std::vector<double> RewiringRun::costs() const
{
    auto seconds = std::vector<double>{};
    for (const auto& unit : units_)
        seconds.push_back(static_cast<double>(unit.pairs.size()) *
                          static_cast<double>(subjects_[unit.subject].sessions.size()) * 10e-9);
    return seconds;
}

PairBlock RewiringRun::block_of(const PairUnit& unit) const
{
    return read_pairs(connectome_, subjects_[unit.subject], unit.pairs, settings_.thresholded);
}

bool RewiringRun::by_shell(std::size_t subject) const
{
    return settings_.by_shell(static_cast<std::int64_t>(subjects_[subject].sessions.size()));
}

/// Gram matrices of the blocks, summed in the order of the blocks, and the pairs that ever are an
/// edge.
void RewiringRun::sum_grams()
{
    const auto computed = context_.each_unit<runtime::UnitResults>(
        "gram", costs(),
        [&](std::int64_t index, runtime::UnitResults& results, const runtime::Tick&) {
            const auto block = block_of(unit_at(index));
            auto packer = base::Packer{};
            const auto of_block = [&]() -> Eigen::MatrixXd {
                if (!by_shell(unit_at(index).subject))
                    return network::centred_gram(block.value);
                const auto sparse = network::SparseSessionBlock(block.value);
                return Eigen::MatrixXd::Constant(1, 1, network::centred_squares(sparse));
            };
            pack_matrix(packer, of_block());
            packer.put(block.value.squaredNorm());
            packer.put_all(block.ever_an_edge);
            packer.put_all(block.sessions_as_edge);
            results.add(index, packer.take());
            return true;
        });
    const auto by_unit = known_to_all(context_.comm(), computed, units_.size());
    for (std::size_t unit = 0; unit < units_.size(); ++unit) {
        auto& result = results_[units_[unit].subject];
        auto unpacker = base::Unpacker(by_unit[unit]);
        const auto gram = unpack_matrix(unpacker);
        result.gram = result.gram.size() == 0 ? gram : Eigen::MatrixXd(result.gram + gram);
        result.squares += unpacker.get<double>();
        const auto edges = unpacker.get_all<std::int64_t>();
        result.ever_an_edge.insert(result.ever_an_edge.end(), edges.begin(), edges.end());
        const auto in_sessions = unpacker.get_all<std::int32_t>();
        result.sessions_as_edge.insert(result.sessions_as_edge.end(), in_sessions.begin(),
                                       in_sessions.end());
    }
}

void RewiringRun::find_components()
{
    const auto solver = [](const Eigen::MatrixXd& matrix, Eigen::Index count) {
        auto pairs = linalg::leading_eigenpairs(matrix, count);
        return network::Eigenpairs{std::move(pairs.values), std::move(pairs.vectors)};
    };
    for (std::size_t subject = 0; subject < subjects_.size(); ++subject) {
        auto& result = results_[subject];
        // Values that are the same in all sessions leave rounding behind when they lose their mean.
        if (!(result.gram.trace() > 1e-24 * result.squares)) {
            result.status = "sessions do not differ";
            continue;
        }
        if (by_shell(subject))
            continue;
        try {
            result.components =
                network::principal_components(result.gram, settings_.components, solver);
            result.mds =
                network::classical_scaling(network::session_distances(result.gram), dimensions);
        } catch (const base::NumericalError& error) {
            throw base::NumericalError(error.problem(), "subject " + subjects_[subject].subject,
                                       error.next().empty() ? "leave the subject out with --subject"
                                                            : error.next());
        }
    }
}

/// Without a Gram matrix: every rank keeps some columns, by number, not by who is free, because all
/// of them are needed until the solver is done.
void RewiringRun::find_components_by_shell()
{
    const auto& comm = context_.comm();
    for (std::size_t subject = 0; subject < subjects_.size(); ++subject) {
        auto& result = results_[subject];
        if (!by_shell(subject) || result.status != "ok")
            continue;
        const auto sessions = static_cast<Eigen::Index>(subjects_[subject].sessions.size());
        const auto columns = context_.collective("columns", [&] {
            auto mine = Columns{};
            for (std::size_t unit = 0; unit < units_.size(); ++unit)
                if (units_[unit].subject == subject &&
                    unit % static_cast<std::size_t>(comm.size()) ==
                        static_cast<std::size_t>(comm.rank()))
                    mine.blocks.emplace_back(block_of(units_[unit]).value);
            return mine;
        });
        const auto wanted = std::max<Eigen::Index>(settings_.components, dimensions);
        const auto count = std::min<Eigen::Index>(
            {wanted, sessions - 1, static_cast<Eigen::Index>(subjects_[subject].pairs())});
        const auto matrix = linalg::SpreadColumns{
            .rows = sessions,
            .columns = columns.count(),
            .add_product = [&](auto x, auto y) { columns.add_product(x, y); },
            .add_transposed_product = [&](auto y,
                                          auto x) { columns.add_transposed_product(y, x); }};
        const auto triplets = context_.collective(
            "components", [&] { return linalg::leading_singular_triplets(comm, matrix, count); });
        const auto squares = result.gram.trace();
        result.mds = network::scaling_of(
            network::components_of_singular_values(triplets.values, triplets.left, squares),
            dimensions);
        const auto kept = std::min<Eigen::Index>(count, settings_.components);
        result.components = network::components_of_singular_values(
            triplets.values.head(kept), triplets.left.leftCols(kept), squares);
    }
}

/// Raw loadings of the units that this rank computes.
runtime::UnitResults RewiringRun::compute_loadings()
{
    return context_.each_unit<runtime::UnitResults>(
        "loadings", costs(),
        [&](std::int64_t index, runtime::UnitResults& results, const runtime::Tick&) {
            const auto& unit = unit_at(index);
            auto packer = base::Packer{};
            const auto& components = results_[unit.subject].components;
            pack_matrix(packer, components.components() == 0
                                    ? Eigen::MatrixXd(0, 0)
                                    : network::loadings_of(block_of(unit).value, components));
            results.add(index, packer.take());
            return true;
        });
}

/// Extremes and top pairs of the raw loadings of this rank's units: small, unlike the loadings.
runtime::UnitResults RewiringRun::top_pairs_here() const
{
    auto small = runtime::UnitResults{};
    for (const auto& [index, bytes] : loadings_.all()) {
        const auto first_pair = unit_at(index).pairs.first;
        auto unpacker = base::Unpacker(bytes);
        const auto matrix = unpack_matrix(unpacker);
        auto packer = base::Packer{};
        packer.put_all(network::extremes_of(matrix, first_pair));
        for (Eigen::Index c = 0; c < matrix.cols(); ++c) {
            const auto top =
                network::top_of({matrix.col(c).data(), static_cast<std::size_t>(matrix.rows())},
                                first_pair, settings_.top);
            packer.put_all(top.positive);
            packer.put_all(top.negative);
        }
        small.add(index, packer.take());
    }
    return small;
}

/// Top pairs over the units of all ranks. Collective. @return [subject] extremes of raw loadings
std::vector<std::vector<network::Extreme>>
RewiringRun::merge_top_pairs(const runtime::UnitResults& mine)
{
    const auto by_unit = known_to_all(context_.comm(), mine, units_.size());
    auto extremes = std::vector<std::vector<network::Extreme>>(subjects_.size());
    for (std::size_t unit = 0; unit < units_.size(); ++unit) {
        const auto subject = units_[unit].subject;
        auto& result = results_[subject];
        auto unpacker = base::Unpacker(by_unit[unit]);
        extremes[subject] =
            network::merged(extremes[subject], unpacker.get_all<network::Extreme>());
        result.top.resize(static_cast<std::size_t>(result.components.components()));
        for (auto& top : result.top) {
            auto more = network::TopPairs{};
            more.positive = unpacker.get_all<network::Extreme>();
            more.negative = unpacker.get_all<network::Extreme>();
            top = network::merged(top, more, settings_.top);
        }
    }
    return extremes;
}

/// Partial correlations of the top pairs by session, each from the block it lies in.
void RewiringRun::read_top_values()
{
    const auto computed = context_.each_unit<runtime::UnitResults>(
        "top edges", costs(),
        [&](std::int64_t index, runtime::UnitResults& results, const runtime::Tick&) {
            const auto& unit = unit_at(index);
            const auto pairs = all_top_pairs(results_[unit.subject]);
            auto packer = base::Packer{};
            const auto inside = [&](const network::Extreme& pair) {
                return pair.pair >= unit.pairs.first && pair.pair < unit.pairs.last;
            };
            if (std::any_of(pairs.begin(), pairs.end(), inside))
                pack_matrix(packer, Eigen::MatrixXd(network::values_of_pairs(
                                        block_of(unit).value, unit.pairs.first, pairs)));
            results.add(index, packer.take());
            return true;
        });
    for (std::size_t subject = 0; subject < subjects_.size(); ++subject)
        results_[subject].top_values = Eigen::MatrixXd::Zero(
            static_cast<Eigen::Index>(subjects_[subject].sessions.size()),
            static_cast<Eigen::Index>(all_top_pairs(results_[subject]).size()));
    // Every pair has a value in one block and 0 in the others: the sum is exact in any order.
    runtime::give_to_all(context_.comm(), computed,
                         [&](std::int64_t unit, std::span<const std::byte> bytes) {
                             if (bytes.empty())
                                 return;
                             auto unpacker = base::Unpacker(bytes);
                             results_[unit_at(unit).subject].top_values += unpack_matrix(unpacker);
                         });
}

void RewiringRun::each_loadings(const std::function<void(const UnitLoadings&)>& take) const
{
    runtime::gather_to_root(
        context_.comm(), loadings_, static_cast<std::int64_t>(units_.size()),
        [&](std::int64_t index, std::span<const std::byte> bytes) {
            auto unpacker = base::Unpacker(bytes);
            auto loadings = UnitLoadings{unit_at(index), unpack_matrix(unpacker)};
            if (loadings.value.size() == 0)
                return;
            network::apply(results_[loadings.unit.subject].orientation, loadings.value);
            take(loadings);
        });
}

} // namespace rewire::jobs
