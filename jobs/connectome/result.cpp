#include "result.hpp"

#include "jobs/frame/fields.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/partition.hpp>

#include <algorithm>
#include <cmath>
#include <map>

namespace rewire::jobs {

namespace {

/// Calls `field(value)` for every member, in one order for packing and unpacking.
template <typename Session, typename Field>
void each_field(Session& session, Field field)
{
    each_head_field(session, field);
    field(session.rate_hz), field(session.tau_s), field(session.neuron_id), field(session.active);
    field(session.neuron_status), field(session.events), field(session.degree),
        field(session.clustering);
    field(session.partial_correlation), field(session.edge), field(session.threshold),
        field(session.mean_degree);
    field(session.density), field(session.density_of_pairs), field(session.transitivity);
    field(session.transitivity_of_triples), field(session.average_clustering),
        field(session.reciprocal_condition);
    field(session.shrinkage), field(session.frames), field(session.missing),
        field(session.computed);
    field(session.neuron_id_column), field(session.neuron_ids_are_rows),
        field(session.neuron_id_candidates);
    field(session.segments), field(session.artefact_frames), field(session.artefacts_kept);
    field(session.artefacts_judged), field(session.coverage);
    field(session.estimator), field(session.animal_shrinkage);
    field(session.position), field(session.position_unit), field(session.position_source);
}

template <typename Null, typename Field>
void each_null_field(Null& null, Field field)
{
    field(null.p_value), field(null.q_value), field(null.p_fwe), field(null.surrogates),
        field(null.singular);
    field(null.observed), field(null.compare);
    field(null.offsets), field(null.frames_used), field(null.tested), field(null.minimum_shift_s);
    field(null.smallest_p), field(null.aligned_share), field(null.two_sided), field(null.status);
}

void write_null(const io::Handle& group, const ConnectomeNull& null)
{
    io::write_array(group, "p_value", null.p_value, {"pair"}, "1",
                    "share of the surrogates with a partial correlation at least as large");
    io::write_array(group, "q_value", null.q_value, {"pair"}, "1",
                    "p_value corrected for the session's tested pairs, false discovery rate");
    io::write_array(group, "p_fwe", null.p_fwe, {"pair"}, "1",
                    "p-value against the largest value of every surrogate: of the global null");
    io::write_attribute(group, "surrogates", null.surrogates);
    io::write_attribute(group, "surrogates_singular", null.singular);
    io::write_attribute(group, "offsets", null.offsets);
    io::write_attribute(group, "null_frames", null.frames_used);
    io::write_attribute(group, "tested_pairs", null.tested);
    io::write_attribute(group, "minimum_shift_s", null.minimum_shift_s);
    io::write_attribute(group, "smallest_p", null.smallest_p);
    io::write_attribute(group, "aligned_share", null.aligned_share);
    io::write_text_attribute(group, "null_status", null.status);
    io::write_text_attribute(group, "surrogates_compare", null.compare);
    if (!null.observed.empty())
        io::write_array(group, surrogate_partial_name, null.observed, {"pair"}, "1",
                        "partial correlation that surrogates are held against");
    io::write_text_attribute(group, "sided", null.two_sided ? "two-sided" : "one-sided, positive");
    io::write_text_attribute(
        group, "null",
        "circular shifts: breaks all dependence at once, so it rejects for shared drive as well as "
        "for connections; p_fwe is a claim about the global null");
}

ConnectomeNull read_null(const io::Handle& group)
{
    auto null = ConnectomeNull{};
    null.p_value = io::read_all<double>(group, "p_value");
    null.q_value = io::read_all<double>(group, "q_value");
    null.p_fwe = io::read_all<double>(group, "p_fwe");
    null.surrogates = io::read_attribute<std::int64_t>(group, "surrogates");
    null.singular = io::read_attribute<std::int64_t>(group, "surrogates_singular");
    null.offsets = io::read_attribute<std::int64_t>(group, "offsets");
    null.frames_used = io::read_attribute<std::int64_t>(group, "null_frames");
    null.tested = io::read_attribute<std::int64_t>(group, "tested_pairs");
    null.minimum_shift_s = io::read_attribute<double>(group, "minimum_shift_s");
    null.smallest_p = io::read_attribute<double>(group, "smallest_p");
    null.aligned_share = io::read_attribute<double>(group, "aligned_share");
    null.status = io::read_text_attribute(group, "null_status");
    null.compare = io::text_attribute_or_empty(group, "surrogates_compare");
    null.two_sided = io::read_text_attribute(group, "sided") == "two-sided";
    return null;
}

/// Numbers and texts of the tests, for writing and reading alike.
template <typename ClosedForm, typename Attribute>
void each_closed_form_attribute(ClosedForm& tests, Attribute attribute)
{
    attribute("support", tests.support), attribute("pairs_tested", tests.tested);
    attribute("supported_pairs", tests.supported_count);
    attribute("test_frames", tests.frames_used), attribute("window_frames", tests.window_frames);
    attribute("lags", tests.lags), attribute("lags_marginal", tests.lags_marginal);
    attribute("effective_frames", tests.effective_frames);
    attribute("neurons_per_effective_frame", tests.neurons_per_frame);
    attribute("drive", tests.drive), attribute("first_component", tests.first_component);
    attribute("largest_active_share", tests.coverage.largest_active_share);
    attribute("artefact_frames_kept", tests.artefacts_kept);
    attribute("noise_edges", tests.noise_edges), attribute("noise_density", tests.noise_density);
    attribute("supported_density", tests.supported_density);
    attribute("displaced_pairs", tests.displaced_pairs);
    attribute("passing_window_frames", tests.passing_window_frames);
    attribute("tests_status", tests.status);
}

/// What results of before these were there have none of.
template <typename ClosedForm, typename Attribute>
void each_coverage_attribute(ClosedForm& tests, Attribute attribute)
{
    attribute("artefacts_judged", tests.artefacts_judged);
    attribute("windows", tests.coverage.windows);
    attribute("events_outside_windows", tests.coverage.events_outside);
    attribute("displaced_shortest_s", tests.coverage.displaced_shortest_s);
    attribute("displaced_longest_s", tests.coverage.displaced_longest_s);
    attribute("displaced_cut_share", tests.coverage.displaced_cut);
}

template <typename ClosedForm, typename Attribute>
void each_supported_metric(ClosedForm& tests, Attribute attribute)
{
    attribute("supported_mean_degree", tests.supported_mean_degree);
    attribute("supported_transitivity", tests.supported_transitivity);
    attribute("supported_clustering", tests.supported_clustering);
}

/// Values of pairs of the tests, for writing and reading alike.
template <typename ClosedForm, typename Array>
void each_closed_form_array(ClosedForm& tests, Array array)
{
    array("p_partial", tests.p_partial), array("p_marginal", tests.p_marginal);
    array("p_fine", tests.p_fine), array("p_both", tests.p_both), array("q_both", tests.q_both);
    array("p_holm", tests.p_holm), array("log10_p_both", tests.log10_p_both);
}

std::string described(const std::string& p_value)
{
    static const auto descriptions = std::map<std::string, std::string>{
        {"p_partial", "p of the partial correlation against all circular shifts: upper tail"},
        {"p_marginal", "p of the plain correlation against all circular shifts: upper tail"},
        {"p_fine", "p of coincident events against events jittered within the window: upper tail"},
        {"p_both", "larger of the p-values that support an edge"},
        {"q_both", "Benjamini-Hochberg of p_both over the pairs of the session"},
        {"p_holm", "Holm's adjustment of p_both over the pairs of the session"},
        {"log10_p_both", "decimal logarithm of p_both"},
    };
    const auto known = descriptions.find(p_value);
    return known == descriptions.end() ? p_value : known->second;
}

void write_closed_form(const io::Handle& group, const ConnectomeClosedForm& tests)
{
    each_closed_form_array(tests, [&](const char* name, const std::vector<double>& values) {
        io::write_array(group, name, values, {"pair"}, "1", described(name));
    });
    io::write_array(group, "supported", tests.supported, {"pair"}, "",
                    "1: both tests support the edge, q_both at most the level");
    if (tests.two_sided) {
        io::write_array(group, "p_both_negative", tests.p_both_negative, {"pair"}, "1",
                        "p_both of the other sign");
        io::write_array(group, "sign", tests.sign, {"pair"}, "",
                        "sign of the supported dependence");
    }
    io::write_text_attribute(group, "family", tests.family);
    io::write_text_attribute(group, "tests_compare", tests.compare);
    if (!tests.tested_partial_correlation.empty())
        io::write_array(group, tested_partial_name, tests.tested_partial_correlation, {"pair"}, "1",
                        "partial correlation that was tested: see tests_compare");
    io::write_array(group, "supported_degree", tests.supported_degree, {"neuron_id"}, "edges",
                    "supported edges of the neuron");
    each_supported_metric(tests, WriteAttribute{group});
    io::write_text_axis(group, "test", {"partial", "marginal", "fine", "both"}, "tests of edges");
    io::write_array(group, "displaced_rate", tests.displaced_rate, {"test"}, "1",
                    "share of displaced pairs, which cannot be connected, with p at most 0.05 "
                    "(two-sided: twice the smaller tail of each test)");
    io::write_array(group, "displaced_discoveries", tests.displaced_discoveries, {"test"}, "1",
                    "share of displaced pairs that would be discovered at q at most 0.05");
    each_closed_form_attribute(tests, WriteAttribute{group});
    each_coverage_attribute(tests, WriteAttribute{group});
    io::write_text_attribute(group, "tests_sided",
                             tests.two_sided ? "two-sided" : "one-sided, positive");
    io::write_text_attribute(
        group, "supported_means",
        "supported by both tests, not directly connected: delays beyond a frame, missed events "
        "and unrecorded common input make both reject where there is no connection");
}

ConnectomeClosedForm read_closed_form(const io::Handle& group)
{
    auto tests = ConnectomeClosedForm{};
    each_closed_form_array(tests, [&](const char* name, std::vector<double>& values) {
        values = io::read_all<double>(group, name);
    });
    tests.supported = io::read_all<std::uint8_t>(group, "supported");
    tests.two_sided = io::exists(group, "sign");
    if (tests.two_sided) {
        tests.p_both_negative = io::read_all<double>(group, "p_both_negative");
        tests.sign = io::read_all<std::int8_t>(group, "sign");
    }
    tests.displaced_rate = io::read_all<double>(group, "displaced_rate");
    tests.displaced_discoveries = io::read_all<double>(group, "displaced_discoveries");
    each_closed_form_attribute(tests, ReadAttribute{group});
    if (io::has_attribute(group, "windows"))
        each_coverage_attribute(tests, ReadAttribute{group});
    // Results of before these were there have none of them.
    tests.family = io::text_attribute_or_empty(group, "family");
    tests.compare = io::text_attribute_or_empty(group, "tests_compare");
    if (io::exists(group, "supported_degree")) {
        tests.supported_degree = io::read_all<std::int64_t>(group, "supported_degree");
        each_supported_metric(tests, ReadAttribute{group});
    } else {
        tests.supported_mean_degree = tests.supported_transitivity = tests.supported_clustering =
            std::nan("");
    }
    if (io::exists(group, "q_study")) {
        tests.q_study = io::read_all<double>(group, "q_study");
        tests.p_holm_study = io::read_all<double>(group, "p_holm_study");
        tests.supported_study = io::read_all<std::uint8_t>(group, "supported_study");
        tests.family_pairs = io::read_attribute<std::int64_t>(group, "family_pairs");
        tests.family_sessions = io::read_attribute<std::int64_t>(group, "family_sessions");
    }
    return tests;
}

/// Scalar attributes of a session's group, for writing and reading alike.
template <typename Session, typename Attribute>
void each_attribute(Session& session, Attribute attribute)
{
    each_head_attribute(session, attribute);
    attribute("rate_hz", session.rate_hz), attribute("tau_s", session.tau_s),
        attribute("threshold", session.threshold);
    attribute("mean_degree", session.mean_degree), attribute("density", session.density);
    attribute("density_of_pairs", session.density_of_pairs),
        attribute("transitivity", session.transitivity);
    attribute("transitivity_of_triples", session.transitivity_of_triples);
    attribute("clustering", session.average_clustering);
    attribute("reciprocal_condition", session.reciprocal_condition),
        attribute("shrinkage", session.shrinkage);
    attribute("frames", session.frames), attribute("missing_samples", session.missing),
        attribute("computed", session.computed);
}

} // namespace

void ConnectomeNull::pack(base::Packer& packer) const
{
    each_null_field(*this, PackField{packer});
}

ConnectomeNull ConnectomeNull::unpack(base::Unpacker& unpacker)
{
    auto null = ConnectomeNull{};
    each_null_field(null, UnpackField{unpacker});
    return null;
}

void SessionConnectome::pack(base::Packer& packer) const
{
    each_field(*this, PackField{packer});
}

SessionConnectome SessionConnectome::unpack(base::Unpacker& unpacker)
{
    auto session = SessionConnectome{};
    each_field(session, UnpackField{unpacker});
    return session;
}

void write_session(const io::ResultFile& file, const SessionConnectome& session)
{
    const auto group = file.group(session.subject + "/" + session.session);
    write_neuron_axis(group, session.neuron_id);
    write_pair_axis(group, static_cast<std::int64_t>(session.neuron_id.size()));
    if (!session.position.empty()) {
        io::write_text_axis(group, "axis", {"x", "y", "z"}, "of the field of view");
        const auto position =
            io::write_array(group, "position", session.position, {"neuron_id", "axis"},
                            session.position_unit, "centre of the ROI");
        io::write_text_attribute(position, "source", session.position_source);
    }
    io::write_array(group, "active", session.active, {"neuron_id"}, "",
                    "1: takes part in correlations");
    const auto status =
        io::write_array(group, "neuron_status", session.neuron_status, {"neuron_id"}, "",
                        "what was found in the neuron: see the attribute meaning");
    io::write_texts_attribute(status, "meaning",
                              {"active", "silent", "constant", "missing samples"});
    io::write_array(group, "events", session.events, {"neuron_id"}, "frames",
                    "frames with an event above the threshold");
    io::write_array(group, "degree", session.degree, {"neuron_id"}, "edges", "edges of the neuron");
    io::write_array(group, "node_clustering", session.clustering, {"neuron_id"}, "1",
                    "clustering coefficient of the neuron");
    io::write_array(group, "partial_correlation", session.partial_correlation, {"pair"}, "1",
                    "partial correlation of the pair given all other neurons");
    io::write_array(group, "edge", session.edge, {"pair"}, "",
                    "1: the partial correlation is an edge");
    each_attribute(session, WriteAttribute{group});
    io::write_attribute(group, "segments", session.segments);
    io::write_attribute(group, "artefact_frames", session.artefact_frames);
    io::write_text_attribute(group, "estimator", session.estimator);
    io::write_attribute(group, animal_shrinkage_name, session.animal_shrinkage);
    io::write_text_attribute(group, "neuron_id_column", session.neuron_id_column);
    io::write_attribute(group, "neuron_ids_are_rows", session.neuron_ids_are_rows);
    io::write_texts_attribute(group, "neuron_id_candidates", session.neuron_id_candidates);
    if (session.null)
        write_null(group, *session.null);
    if (session.closed_form)
        write_closed_form(group, *session.closed_form);
    if (session.halves)
        write_halves(group, *session.halves);
    if (session.truth)
        write_truth(group, *session.truth);
}

void complete_subject(const io::ResultFile& file, const std::string& subject)
{
    auto neurons = std::vector<std::vector<std::string>>{};
    for (const auto& head : heads_in(file.file()))
        if (head.subject == subject)
            neurons.push_back(
                read_neuron_axis(io::open_group(file.file(), subject + "/" + head.session)));
    const auto common = common_neurons(neurons);
    const auto group = file.group(subject);
    write_neuron_axis(group, common, "common_neuron_id");
    write_pair_axis(group, static_cast<std::int64_t>(common.size()), "common_pair");
}

SessionConnectome read_session(const io::Handle& file, const std::string& subject,
                               const std::string& session)
{
    const auto group = io::open_group(file, subject + "/" + session);
    auto read = SessionConnectome{};
    read.subject = subject;
    read.session = session;
    read.neuron_id = read_neuron_axis(group);
    if (io::exists(group, "position")) {
        const auto position = io::open_dataset(group, "position");
        read.position = io::read_all<double>(group, "position");
        read.position_unit = io::text_attribute_or_empty(position, "units");
        read.position_source = io::text_attribute_or_empty(position, "source");
    }
    read.active = io::read_all<std::uint8_t>(group, "active");
    read.neuron_status = io::read_all<std::uint8_t>(group, "neuron_status");
    read.events = io::read_all<std::int64_t>(group, "events");
    read.degree = io::read_all<std::int64_t>(group, "degree");
    read.clustering = io::read_all<double>(group, "node_clustering");
    read.partial_correlation = io::read_all<double>(group, "partial_correlation");
    read.edge = io::read_all<std::uint8_t>(group, "edge");
    each_attribute(read, ReadAttribute{group});
    if (io::exists(group, "p_value"))
        read.null = read_null(group);
    if (io::exists(group, "p_both"))
        read.closed_form = read_closed_form(group);
    read.truth = read_truth_of_pairs(group);
    return read;
}

} // namespace rewire::jobs
