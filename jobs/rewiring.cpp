#include "catalogue.hpp"
#include "fields.hpp"
#include "movement_result.hpp"
#include "rewiring_source.hpp"
#include "session_results.hpp"
#include "study_source.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/random.hpp>
#include <rewire/base/text.hpp>
#include <rewire/dense/symmetric.hpp>
#include <rewire/linalg/eigenpairs.hpp>
#include <rewire/network/movement_fraction.hpp>
#include <rewire/network/rewiring.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

namespace rewire::jobs {

namespace {

/// Pairs of a unit of work: the block of 14 sessions takes 30 MB.
constexpr auto unit_pairs = std::int64_t{262144};

struct RewiringSettings
{
    bool thresholded = true;
    std::int64_t components = 3;
    std::int64_t top = 100;
    std::int64_t draws = 1000;
};

RewiringSettings rewiring_settings(const job::Options& options)
{
    return {.thresholded = options.text("edges") == "thresholded",
            .components = options.integer("components"),
            .top = options.integer("top"),
            .draws = options.integer("draws")};
}

/// Learning periods of the paper (2.9), by the number of the session.
struct Period
{
    const char* name;
    std::int64_t first;
    std::int64_t last;
};
constexpr auto periods = std::array{Period{"1-2", 1, 2}, Period{"3-5", 3, 5}, Period{"6-9", 6, 9},
                                    Period{"10-14", 10, 14}};

struct Unit
{
    std::size_t subject;
    base::Range pairs;
};

std::vector<Unit> units_of(const std::vector<SubjectConnectomes>& subjects)
{
    auto units = std::vector<Unit>{};
    for (std::size_t subject = 0; subject < subjects.size(); ++subject)
        for (const auto& pairs : base::blocks_of(subjects[subject].pairs(), unit_pairs))
            units.push_back({subject, pairs});
    return units;
}

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

/// What is known of a subject once its pairs have been gone through.
struct SubjectRewiring
{
    Eigen::MatrixXd gram;
    std::vector<std::int64_t> ever_an_edge;
    network::SessionComponents components;
    std::vector<network::Extreme> extremes;
    std::vector<network::TopPairs> top; ///< [component] of raw loadings, then oriented
    network::Orientation orientation;
    Eigen::MatrixXd top_values; ///< [session, top pair] of all components, positive ones first
};

class RewiringRun
{
  public:
    RewiringRun(job::RunContext& context, hid_t connectome,
                std::vector<SubjectConnectomes> subjects, const RewiringSettings& settings)
        : context_(context),
          connectome_(connectome),
          subjects_(std::move(subjects)),
          settings_(settings),
          units_(units_of(subjects_)),
          results_(subjects_.size())
    {
    }

    void compute()
    {
        sum_grams();
        context_.collective("components", [&] { find_components(); });
        loadings_ = gather_loadings();
        context_.collective("signs", [&] {
            for (auto& result : results_)
                orient(result);
        });
        read_top_pairs();
    }

    void write_subjects(const io::ResultFile& file)
    {
        for (std::size_t subject = 0; subject < subjects_.size(); ++subject)
            write_subject(file, subject);
    }

    /// Collective: rank 0 writes what the others send.
    void write_loadings(const io::ResultFile* file)
    {
        job::gather_to_root(context_.comm(), loadings_, static_cast<std::int64_t>(units_.size()),
                            [&](std::int64_t unit, std::span<const std::byte> bytes) {
                                write_loadings(*file, unit, bytes);
                            });
    }

    std::string report() const
    {
        auto text = std::string{};
        for (std::size_t subject = 0; subject < subjects_.size(); ++subject) {
            text +=
                fmt::format("{:<12} {:>8} {:>8} {:>10}  ", subjects_[subject].subject,
                            subjects_[subject].sessions.size(), subjects_[subject].neuron_id.size(),
                            results_[subject].ever_an_edge.size());
            for (const auto ratio : results_[subject].components.explained_variance_ratio)
                text += fmt::format(" {:>6.1f} %", 100 * ratio);
            text += "\n";
        }
        return text;
    }

  private:
    std::vector<double> costs() const
    {
        auto seconds = std::vector<double>{};
        for (const auto& unit : units_)
            seconds.push_back(static_cast<double>(unit.pairs.size()) *
                              static_cast<double>(subjects_[unit.subject].sessions.size()) * 10e-9);
        return seconds;
    }

    /// Gram matrices of the blocks, summed in the order of the blocks: the same bits on any number
    /// of ranks.
    void sum_grams()
    {
        const auto computed = context_.each_unit<job::UnitResults>(
            "gram", costs(), [&](std::int64_t index, job::UnitResults& results, const job::Tick&) {
                const auto& unit = units_[static_cast<std::size_t>(index)];
                const auto block = read_pairs(connectome_, subjects_[unit.subject], unit.pairs,
                                              settings_.thresholded);
                auto packer = base::Packer{};
                pack_matrix(packer, network::centred_gram(block.value));
                packer.put_all(block.ever_an_edge);
                results.add(index, packer.take());
                return true;
            });
        auto by_unit = std::vector<std::vector<std::byte>>(units_.size());
        job::give_to_all(
            context_.comm(), computed, [&](std::int64_t unit, std::span<const std::byte> bytes) {
                by_unit[static_cast<std::size_t>(unit)].assign(bytes.begin(), bytes.end());
            });
        for (std::size_t unit = 0; unit < units_.size(); ++unit) {
            auto& result = results_[units_[unit].subject];
            auto unpacker = base::Unpacker(by_unit[unit]);
            const auto gram = unpack_matrix(unpacker);
            result.gram = result.gram.size() == 0 ? gram : Eigen::MatrixXd(result.gram + gram);
            const auto edges = unpacker.get_all<std::int64_t>();
            result.ever_an_edge.insert(result.ever_an_edge.end(), edges.begin(), edges.end());
        }
    }

    void find_components()
    {
        const auto solver = [](const Eigen::MatrixXd& matrix, Eigen::Index count) {
            auto found = linalg::leading_eigenpairs(matrix, count);
            return network::Eigenpairs{std::move(found.values), std::move(found.vectors)};
        };
        for (std::size_t subject = 0; subject < subjects_.size(); ++subject) {
            try {
                results_[subject].components = network::principal_components(
                    results_[subject].gram, settings_.components, solver);
            } catch (const base::NumericalError& error) {
                throw base::NumericalError(
                    error.problem(), "subject " + subjects_[subject].subject,
                    error.next().empty() ? "leave the subject out with --subject" : error.next());
            }
        }
    }

    /// Raw loadings stay where they were computed; extremes and top pairs are given to all.
    job::UnitResults gather_loadings()
    {
        auto small = job::UnitResults{};
        auto loadings = context_.each_unit<job::UnitResults>(
            "loadings", costs(),
            [&](std::int64_t index, job::UnitResults& results, const job::Tick&) {
                const auto& unit = units_[static_cast<std::size_t>(index)];
                const auto block = read_pairs(connectome_, subjects_[unit.subject], unit.pairs,
                                              settings_.thresholded);
                auto packer = base::Packer{};
                pack_matrix(packer,
                            network::loadings_of(block.value, results_[unit.subject].components));
                results.add(index, packer.take());
                return true;
            });
        for (const auto& [index, bytes] : loadings.all()) {
            const auto& unit = units_[static_cast<std::size_t>(index)];
            auto unpacker = base::Unpacker(bytes);
            const auto matrix = unpack_matrix(unpacker);
            auto packer = base::Packer{};
            packer.put_all(network::extremes_of(matrix, unit.pairs.first));
            for (Eigen::Index c = 0; c < matrix.cols(); ++c) {
                const auto top =
                    network::top_of({matrix.col(c).data(), static_cast<std::size_t>(matrix.rows())},
                                    unit.pairs.first, settings_.top);
                packer.put_all(top.positive);
                packer.put_all(top.negative);
            }
            small.add(index, packer.take());
        }
        merge_extremes(small);
        return loadings;
    }

    void merge_extremes(const job::UnitResults& small)
    {
        auto by_unit = std::vector<std::vector<std::byte>>(units_.size());
        job::give_to_all(
            context_.comm(), small, [&](std::int64_t unit, std::span<const std::byte> bytes) {
                by_unit[static_cast<std::size_t>(unit)].assign(bytes.begin(), bytes.end());
            });
        for (std::size_t unit = 0; unit < units_.size(); ++unit) {
            auto& result = results_[units_[unit].subject];
            auto unpacker = base::Unpacker(by_unit[unit]);
            result.extremes =
                network::merged(result.extremes, unpacker.get_all<network::Extreme>());
            result.top.resize(static_cast<std::size_t>(result.components.components()));
            for (auto& top : result.top) {
                auto more = network::TopPairs{};
                more.positive = unpacker.get_all<network::Extreme>();
                more.negative = unpacker.get_all<network::Extreme>();
                top = network::merged(top, more, settings_.top);
            }
        }
    }

    static void orient(SubjectRewiring& result)
    {
        result.orientation = network::orient(result.components, result.extremes);
        for (std::size_t c = 0; c < result.top.size(); ++c) {
            if (result.orientation.sign[static_cast<Eigen::Index>(c)] > 0)
                continue;
            auto& top = result.top[c];
            std::swap(top.positive, top.negative);
            for (auto* list : {&top.positive, &top.negative})
                for (auto& pair : *list)
                    pair.loading = -pair.loading;
        }
    }

    static std::vector<double> row_major(const Eigen::MatrixXd& matrix)
    {
        auto values = std::vector<double>(static_cast<std::size_t>(matrix.size()));
        Eigen::Map<network::SessionBlock>(values.data(), matrix.rows(), matrix.cols()) = matrix;
        return values;
    }

    void write_subject(const io::ResultFile& file, std::size_t index)
    {
        const auto& subject = subjects_[index];
        const auto& result = results_[index];
        const auto group = file.group(subject.subject);
        const auto components = result.components.components();
        io::write_text_axis(group, "session", subject.sessions);
        io::write_index_axis(group, "component", components);
        io::write_index_axis(group, "pair", subject.pairs());
        io::write_index_axis(group, "dimension", 2);
        write_neuron_axis(group, subject.neuron_id);
        io::write_array(group, "session_number", subject.numbers, {"session"});
        io::write_array(group, "score", row_major(result.components.score),
                        {"session", "component"});
        const auto& ratio = result.components.explained_variance_ratio;
        io::write_array(group, "explained_variance_ratio",
                        std::vector<double>(ratio.begin(), ratio.end()), {"component"}, "1");
        io::write_array(
            group, "mds",
            row_major(network::classical_scaling(network::session_distances(result.gram), 2)),
            {"session", "dimension"});
        const auto loading = io::make_array<double>(group, "loading", {"pair", "component"});
        write_top(group, index);
        write_movement_fraction(group, index);
        io::write_attribute(group, "pairs_ever_an_edge",
                            static_cast<std::int64_t>(result.ever_an_edge.size()));
        io::write_attribute(
            group, "first_component_flipped",
            static_cast<std::uint8_t>(result.orientation.first_against_largest_loading ? 1 : 0));
        io::write_texts_attribute(group, "sessions_left_out", subject.left_out);
        io::write_text_attribute(group, "edges", settings_.thresholded ? "thresholded" : "all");
    }

    void write_top(hid_t group, std::size_t index)
    {
        const auto& result = results_[index];
        io::write_index_axis(group, "rank", settings_.top);
        auto first = Eigen::Index{0};
        for (const auto positive : {true, false}) {
            auto pair = std::vector<std::int64_t>{};
            auto mean = std::vector<double>{};
            for (const auto& top : result.top) {
                const auto& list = positive ? top.positive : top.negative;
                for (std::int64_t rank = 0; rank < settings_.top; ++rank)
                    pair.push_back(rank < static_cast<std::int64_t>(list.size())
                                       ? list[static_cast<std::size_t>(rank)].pair
                                       : -1);
                const auto count = static_cast<Eigen::Index>(list.size());
                for (Eigen::Index session = 0; session < result.top_values.rows(); ++session)
                    mean.push_back(
                        count == 0 ? std::nan("")
                                   : result.top_values.row(session).segment(first, count).mean());
                first += count;
            }
            const auto name = std::string(positive ? "top_positive" : "top_negative");
            io::write_array(group, name + "_pair", pair, {"component", "rank"});
            io::write_array(group, name + "_mean", mean, {"component", "session"}, "1");
        }
    }

    /// Top pairs of all components, positive ones before negative ones.
    static std::vector<network::Extreme> all_top_pairs(const SubjectRewiring& result)
    {
        auto pairs = std::vector<network::Extreme>{};
        for (const auto positive : {true, false})
            for (const auto& top : result.top) {
                const auto& list = positive ? top.positive : top.negative;
                pairs.insert(pairs.end(), list.begin(), list.end());
            }
        return pairs;
    }

    /// Partial correlations of the top pairs by session, each from the block it lies in.
    void read_top_pairs()
    {
        const auto computed = context_.each_unit<job::UnitResults>(
            "top edges", costs(),
            [&](std::int64_t index, job::UnitResults& results, const job::Tick&) {
                const auto& unit = units_[static_cast<std::size_t>(index)];
                auto pairs = all_top_pairs(results_[unit.subject]);
                auto packer = base::Packer{};
                const auto inside = [&](const network::Extreme& pair) {
                    return pair.pair >= unit.pairs.first && pair.pair < unit.pairs.last;
                };
                if (std::any_of(pairs.begin(), pairs.end(), inside)) {
                    const auto block = read_pairs(connectome_, subjects_[unit.subject], unit.pairs,
                                                  settings_.thresholded);
                    pack_matrix(packer, Eigen::MatrixXd(network::values_of_pairs(
                                            block.value, unit.pairs.first, pairs)));
                }
                results.add(index, packer.take());
                return true;
            });
        for (std::size_t subject = 0; subject < subjects_.size(); ++subject)
            results_[subject].top_values = Eigen::MatrixXd::Zero(
                static_cast<Eigen::Index>(subjects_[subject].sessions.size()),
                static_cast<Eigen::Index>(all_top_pairs(results_[subject]).size()));
        // Every pair has a value in one block and 0 in the others: the sum is exact in any order.
        job::give_to_all(context_.comm(), computed,
                         [&](std::int64_t unit, std::span<const std::byte> bytes) {
                             if (bytes.empty())
                                 return;
                             auto unpacker = base::Unpacker(bytes);
                             results_[units_[static_cast<std::size_t>(unit)].subject].top_values +=
                                 unpack_matrix(unpacker);
                         });
    }

    /// Share of movement-related neurons among the ends of the top edges of the first component
    /// (2.9), where movement.h5 is there.
    void write_movement_fraction(hid_t group, std::size_t index)
    {
        const auto path = context_.options().path("results") / "movement.h5";
        const auto& subject = subjects_[index];
        const auto& result = results_[index];
        if (!std::filesystem::exists(path) ||
            static_cast<std::int64_t>(result.ever_an_edge.size()) < settings_.top)
            return;
        const auto file = io::open_for_reading(path);
        const auto neurons = static_cast<std::int64_t>(subject.neuron_id.size());
        auto names = std::vector<std::string>{};
        auto fraction = std::vector<double>{};
        auto percentile = std::vector<double>{};
        for (const auto& period : periods)
            names.emplace_back(period.name);
        for (const auto positive : {true, false}) {
            auto pairs = std::vector<std::int64_t>{};
            for (const auto& pair :
                 positive ? result.top.front().positive : result.top.front().negative)
                pairs.push_back(pair.pair);
            for (const auto& period : periods) {
                const auto related = related_in(file, subject, period);
                const auto share = network::movement_fraction(pairs, neurons, related);
                const auto draws = related.empty()
                                       ? std::vector<double>{}
                                       : network::drawn_movement_fractions(
                                             result.ever_an_edge, settings_.top, neurons, related,
                                             {context_.seed(), base::key_of(subject.subject)},
                                             {0, settings_.draws});
                fraction.push_back(share);
                percentile.push_back(network::percentile_among(draws, share));
            }
        }
        io::write_text_axis(group, "period", names);
        io::write_text_axis(group, "sign", {"positive", "negative"});
        io::write_array(group, "movement_fraction", fraction, {"sign", "period"}, "1");
        io::write_array(group, "movement_fraction_percentile", percentile, {"sign", "period"},
                        "percent");
    }

    /// Flags [session, common neuron] of the sessions of a period that movement.h5 has.
    static std::vector<std::uint8_t> related_in(hid_t file, const SubjectConnectomes& subject,
                                                const Period& period)
    {
        auto flags = std::vector<std::uint8_t>{};
        for (std::size_t session = 0; session < subject.sessions.size(); ++session) {
            if (subject.numbers[session] < period.first || subject.numbers[session] > period.last ||
                !io::exists(file, subject.subject + "/" + subject.sessions[session]))
                continue;
            const auto movement = read_movement(file, subject.subject, subject.sessions[session]);
            auto place = std::map<std::string, std::size_t>{};
            for (std::size_t i = 0; i < movement.neuron_id.size(); ++i)
                place[movement.neuron_id[i]] = i;
            for (const auto& id : subject.neuron_id) {
                const auto found = place.find(id);
                flags.push_back(found == place.end() ? std::uint8_t{0}
                                                     : movement.movement_related[found->second]);
            }
        }
        return flags;
    }

    void write_loadings(const io::ResultFile& file, std::int64_t index,
                        std::span<const std::byte> bytes)
    {
        const auto& unit = units_[static_cast<std::size_t>(index)];
        auto unpacker = base::Unpacker(bytes);
        auto loadings = unpack_matrix(unpacker);
        network::apply(results_[unit.subject].orientation, loadings);
        const auto dataset =
            io::open_dataset(file.file(), subjects_[unit.subject].subject + "/loading");
        const auto values = row_major(loadings);
        io::write_block<double>(dataset, {unit.pairs.first, 0}, {loadings.rows(), loadings.cols()},
                                values);
    }

    job::RunContext& context_;
    hid_t connectome_;
    std::vector<SubjectConnectomes> subjects_;
    const RewiringSettings& settings_;
    std::vector<Unit> units_;
    std::vector<SubjectRewiring> results_;
    job::UnitResults loadings_;
};

/// The connectomes that there are, those of --subject, with at least two sessions.
std::vector<SubjectConnectomes> wanted_subjects(job::RunContext& context, hid_t connectome)
{
    const auto chosen = context.options().texts("subject");
    auto subjects = std::vector<SubjectConnectomes>{};
    for (auto& subject : subjects_of(connectome)) {
        if (!chosen.empty() &&
            std::find(chosen.begin(), chosen.end(), subject.subject) == chosen.end())
            continue;
        if (context.comm().is_root())
            for (const auto& session : subject.left_out)
                context.warn(fmt::format("{}, session {}", subject.subject, session));
        if (subject.sessions.size() < 2 || subject.neuron_id.size() < 2) {
            if (context.comm().is_root())
                context.warn(fmt::format("{}: {} sessions, {} common neurons: no trajectory",
                                         subject.subject, subject.sessions.size(),
                                         subject.neuron_id.size()));
            continue;
        }
        subjects.push_back(std::move(subject));
    }
    if (subjects.empty())
        throw base::InputError("no subject with two sessions that have a connectome",
                               io::name_of(connectome),
                               "rewiring is a comparison of sessions: compute more connectomes");
    return subjects;
}

std::filesystem::path connectome_path(const job::Options& options)
{
    auto path = options.path("results") / "connectome.h5";
    if (!std::filesystem::exists(path))
        throw base::InputError(
            "no connectome yet", path.string(),
            fmt::format("compute it first: rewire connectome --study DIR --results {} --tau-s X",
                        options.text("results")));
    return path;
}

/// What movement.h5, if it is there, was made of: the movement fraction follows from it.
io::Fingerprint movement_inputs(const job::Options& options)
{
    const auto path = options.path("results") / "movement.h5";
    auto inputs = io::Fingerprint{};
    if (!std::filesystem::exists(path))
        return inputs;
    const auto record = io::read_record(io::open_for_reading(path));
    for (const auto* fields : {&record.digest, &record.inputs})
        for (const auto& [field, value] : *fields)
            inputs.emplace_back("movement " + field, value);
    return inputs;
}

/// True when the result is there already; error when it belongs to other settings or lost sessions.
bool is_up_to_date(const std::filesystem::path& path, const io::Fingerprint& digest,
                   const io::Fingerprint& inputs)
{
    if (!std::filesystem::exists(path))
        return false;
    const auto record = io::read_record(io::open_for_reading(path));
    const auto different = io::differences(record.digest, digest);
    if (!different.empty())
        throw base::UsageError(
            "a result made with other settings is there\n    " + base::joined(different, "\n    "),
            path.string(),
            "add --overwrite to replace it, or choose another folder with --results");
    if (record.inputs == inputs)
        return true;
    for (const auto& input : record.inputs)
        if (!input.first.starts_with("movement ") &&
            std::find(inputs.begin(), inputs.end(), input) == inputs.end())
            throw base::UsageError(
                "a result from other sessions is there: " + input.first, path.string(),
                "add --overwrite to replace it, or choose another folder with --results");
    return false; // sessions or movements were added: all is computed again
}

void run_rewiring(job::RunContext& context)
{
    const auto& comm = context.comm();
    const auto settings = rewiring_settings(context.options());
    const auto path = context.options().path("results") / "rewiring.h5";
    const auto overwrite = context.options().flag("overwrite");
    const auto file = mpi::collective(
        comm, [&] { return io::open_for_reading(connectome_path(context.options())); });
    auto subjects = mpi::collective(comm, [&] { return wanted_subjects(context, file); });

    auto digest = context.options().result_changing();
    digest.emplace_back("version", job::program_version());
    const auto record = mpi::collective(comm, [&] { return io::read_record(file); });
    for (const auto& [field, value] : record.digest)
        digest.emplace_back("connectome " + field, value);
    auto inputs = io::Fingerprint{};
    for (const auto& subject : subjects)
        for (std::size_t session = 0; session < subject.sessions.size(); ++session)
            inputs.emplace_back(subject.subject + "/" + subject.sessions[session],
                                subject.sha256[session]);
    for (const auto& entry :
         mpi::collective(comm, [&] { return movement_inputs(context.options()); }))
        inputs.push_back(entry);
    auto present = false;
    auto done = std::int64_t{0};
    mpi::collective(comm, [&] {
        if (!comm.is_root()) // file systems of a cluster do not show all nodes the same at the same
                             // time
            return;
        present = std::filesystem::exists(path);
        done = !overwrite && is_up_to_date(path, digest, inputs) ? 1 : 0;
    });
    if (comm.sum(done) > 0) {
        context.note(path.string() + " is up to date: nothing to do");
        context.discard_checkpoint();
        return;
    }
    auto fingerprint = digest;
    fingerprint.insert(fingerprint.end(), inputs.begin(), inputs.end());
    fingerprint.emplace_back("revision", job::program_revision());
    fingerprint.emplace_back("cpu target", dense::blas_target());
    context.begin_results(fingerprint);

    auto run = RewiringRun(context, file, std::move(subjects), settings);
    run.compute();
    auto output = std::unique_ptr<io::ResultFile>{};
    context.collective("write", [&] {
        if (!comm.is_root())
            return;
        output = std::make_unique<io::ResultFile>(path, context.attempt());
        run.write_subjects(*output);
    });
    run.write_loadings(output.get());
    context.collective("publish", [&] {
        if (output)
            output->publish(context.record(inputs, digest), present);
    });
    context.note(fmt::format("{:<12} {:>8} {:>8} {:>10}   explained variance", "subject",
                             "sessions", "neurons", "edges"));
    context.note(run.report());
    context.finish();
    context.note("wrote " + path.string());
}

/// Pairs and sessions of every subject.
using Sizes = std::vector<std::pair<std::int64_t, std::int64_t>>;

/// Of the connectome, or, before there is one, of the study that it will be computed from.
Sizes sizes_to_plan_for(job::RunContext& context)
{
    auto sizes = Sizes{};
    const auto& options = context.options();
    if (std::filesystem::exists(options.path("results") / "connectome.h5") ||
        !options.has("study")) {
        const auto file = io::open_for_reading(connectome_path(options));
        for (const auto& subject : wanted_subjects(context, file))
            sizes.emplace_back(subject.pairs(), static_cast<std::int64_t>(subject.sessions.size()));
        return sizes;
    }
    const auto study = io::open_study(options.path("study"), {},
                                      {.subjects = options.texts("subject"), .sessions = {}});
    for (const auto& subject : study.subjects) {
        const auto sessions = std::count_if(
            subject.sessions.begin(), subject.sessions.end(), [&](std::size_t session) {
                return study.sessions[session].record.activity.has_value();
            });
        sizes.emplace_back(base::pair_count(static_cast<std::int64_t>(subject.neuron_id.size())),
                           sessions);
    }
    return sizes;
}

job::Estimate rewiring_estimate(const Sizes& sizes, const job::Options& options)
{
    auto estimate = job::Estimate{};
    auto seconds = 0.0;
    auto longest = 0.0;
    auto units = std::int64_t{0};
    const auto components = static_cast<double>(options.integer("components"));
    for (const auto& [pairs, sessions] : sizes) {
        const auto values = static_cast<double>(pairs) * static_cast<double>(sessions);
        const auto block =
            static_cast<double>(std::min(pairs, unit_pairs)) * static_cast<double>(sessions);
        seconds += values * 90e-9; // read three times
        longest = std::max(longest, block * 90e-9);
        estimate.rank_bytes = std::max(estimate.rank_bytes, job::base_rank_bytes + block * 8 * 3);
        estimate.result_bytes += static_cast<double>(pairs) * 8 * components;
        units += static_cast<std::int64_t>(base::blocks_of(pairs, unit_pairs).size());
    }
    estimate.spread_bytes =
        4 * estimate.result_bytes; // loadings stay where they were computed until they are written
    estimate.checkpoint_bytes = estimate.result_bytes;
    estimate.add_phase("components", seconds, units, longest);
    return estimate;
}

job::Estimate plan_rewiring(job::RunContext& context)
{
    const auto sizes = sizes_to_plan_for(context);
    if (!context.options().has("largest"))
        return rewiring_estimate(sizes, context.options());
    auto estimates = std::vector<job::Estimate>{};
    for (const auto& subject : sizes)
        estimates.push_back(rewiring_estimate({subject}, context.options()));
    return job::most_of(estimates);
}

std::vector<job::Option> rewiring_options()
{
    using Kind = job::OptionKind;
    auto options = std::vector<job::Option>{};
    for (const auto& option : job::common_options())
        if (option.name != "study" && option.name != "session" && option.name != "node-memory-gb")
            options.push_back(option);
    return options +
           std::vector<job::Option>{
               {.name = "edges",
                .default_value = "thresholded",
                .help = "partial correlations of edges only (others 0), or of all pairs",
                .source = "2.4",
                .choices = {"thresholded", "all"}},
               {.name = "components",
                .kind = Kind::integer,
                .default_value = "3",
                .help = "principal components to keep",
                .source = "2.4",
                .minimum = 1},
               {.name = "top",
                .kind = Kind::integer,
                .default_value = "100",
                .help = "edges with the largest positive and negative loadings",
                .source = "2.9",
                .minimum = 1},
               {.name = "draws",
                .kind = Kind::integer,
                .default_value = "1000",
                .help = "random draws of edges for the fraction of movement-related neurons",
                .source = "2.9",
                .minimum = 1},
           };
}

} // namespace

job::Job rewiring_job()
{
    return {
        .name = "rewiring",
        .usage = "--results DIR [options]",
        .summary = "how the connectome of every subject rewires over sessions: principal "
                   "components, MDS, top edges",
        .details =
            "Principal components of the sessions x pairs matrix of each subject "
            "(RESULTS/connectome.h5), over the neurons\n"
            "that all of its sessions have; the first component points along the sessions, so that "
            "positive loadings are\n"
            "pairs that strengthen. With RESULTS/movement.h5 there, too: the fraction of "
            "movement-related neurons among\n"
            "the ends of the top edges, against random draws of edges. Writes RESULTS/rewiring.h5.",
        .citation = "",
        .options = rewiring_options(),
        .run = run_rewiring,
        .plan = plan_rewiring};
}

} // namespace rewire::jobs
