#include "result.hpp"

#include "jobs/frame/fields.hpp"

#include <cmath>

namespace rewire::jobs {

namespace {

using Confusions = std::vector<spikes::Confusion>;
using Axes = std::vector<std::string>;

void write_counts(const io::Handle& group, const Confusions& cells, const Axes& axes)
{
    const auto write = [&](const char* name, const char* description, auto member) {
        auto values = std::vector<std::int64_t>{};
        for (const auto& cell : cells)
            values.push_back(cell.*member);
        io::write_array(group, name, values, axes, "1", description);
    };
    write("true_positive", "true connections that are called, with their sign",
          &spikes::Confusion::true_positive);
    write("false_positive", "calls that are no true connections",
          &spikes::Confusion::false_positive);
    write("false_negative", "true connections that are not called",
          &spikes::Confusion::false_negative);
    write("true_negative",
          "neither: ordered pairs (directed), or pairs without any in either direction (unordered)",
          &spikes::Confusion::true_negative);
}

void write_mcc(const io::Handle& group, const char* name, const Confusions& cells, const Axes& axes,
               const char* description)
{
    auto values = std::vector<double>{};
    for (const auto& cell : cells)
        values.push_back(spikes::matthews(cell));
    io::write_array(group, name, values, axes, "1", description);
}

/// Of all methods, one after the other; NaN where one is not there.
void write_methods(const io::Handle& group, const Comparison& comparison, const char* name,
                   std::vector<spikes::Confusion> MethodComparison::*member, std::size_t places,
                   const Axes& axes, const char* description)
{
    const auto cells = countings.size() * signs.size() * places;
    auto values = std::vector<double>{};
    for (const auto& method : comparison.method)
        if (method.present == 0)
            values.insert(values.end(), cells, std::nan(""));
        else
            for (const auto& cell : method.*member)
                values.push_back(spikes::matthews(cell));
    io::write_array(group, name, values, axes, "1", description);
}

void write_method_axes(const io::Handle& group, const CompareSettings& settings)
{
    auto names = std::vector<std::string>{};
    auto measures = std::vector<std::string>{};
    for (const auto& each : settings.methods) {
        names.push_back(each.method.name);
        measures.push_back(each.method.measure);
    }
    io::write_text_axis(group, "method", names, "ways to call connections; the first is swept");
    io::write_texts_attribute(group, "measures", measures); // of each method's thresholds
    io::write_axis(group, "factor",
                   std::vector<double>(threshold_factors.begin(), threshold_factors.end()),
                   "threshold over the method's own");
    io::write_text_axis(group, "relation",
                        {spikes::relation_names.begin(), spikes::relation_names.end()},
                        "how an ordered pair lies in the true network, the first that holds");
}

void write_relations(const io::Handle& group, const Comparison& comparison)
{
    io::write_array(
        group, "directions",
        std::vector<std::int64_t>(comparison.directions.begin(), comparison.directions.end()),
        {"relation"}, "1", "ordered pairs of the units");
    auto found = std::vector<std::int64_t>{};
    auto threshold = std::vector<double>{};
    for (const auto& method : comparison.method) {
        found.insert(found.end(), method.found.begin(), method.found.end());
        threshold.push_back(method.present != 0 ? method.threshold : std::nan(""));
    }
    io::write_array(group, "method_found", found, {"method", "relation"}, "1",
                    "of these, called at the method's own threshold, whatever the sign");
    io::write_array(group, "method_threshold", threshold, {"method"}, "1",
                    "its own, in its measure; NaN: the session has no such result");
}

} // namespace

void write_comparison(const io::ResultFile& file, const SessionHead& head,
                      const Comparison& comparison, const CompareSettings& settings)
{
    const auto group = file.group(head.subject + "/" + head.session);
    each_head_attribute(head, WriteAttribute{group});
    io::write_text_attribute(group, "method", settings.methods.front().method.name);
    io::write_text_attribute(group, "truth", settings.truth);
    if (comparison.status != "ok")
        return;
    io::write_attribute(group, "units", std::ssize(comparison.unit_id));
    io::write_attribute(group, "true_connections", comparison.true_connections);
    io::write_attribute(group, "connections_left_out", comparison.left_out);
    io::write_text_axis(group, "counting", {"directed", "unordered"},
                        "every ordered pair counts; a pair without any connection counts once");
    io::write_text_axis(group, "sign", {"excitatory", "inhibitory", "either"},
                        "sign of true connections and calls");
    io::write_axis(group, "threshold", comparison.threshold,
                   "of the first method: what is above is called");
    io::write_axis(group, "min_pair_spikes", settings.min_pair_spikes,
                   "coincidences within 10 ms that chance gives at least of the pairs that count");
    const auto axes = Axes{"counting", "sign", "threshold", "min_pair_spikes"};
    write_counts(group, comparison.sweep, axes);
    write_mcc(group, "mcc", comparison.sweep, axes,
              "Matthews correlation coefficient; 0 where undefined");
    write_method_axes(group, settings);
    write_relations(group, comparison);
    write_methods(group, comparison, "method_mcc", &MethodComparison::own, 1,
                  {"method", "counting", "sign"}, "MCC at the method's own threshold, all pairs");
    write_methods(group, comparison, "mcc_by_factor", &MethodComparison::by_factor,
                  threshold_factors.size(), {"method", "counting", "sign", "factor"},
                  "MCC at factors of the method's own threshold, all pairs");
    write_methods(group, comparison, "mcc_by_pair_spikes", &MethodComparison::by_least,
                  settings.min_pair_spikes.size(),
                  {"method", "counting", "sign", "min_pair_spikes"},
                  "MCC at the method's own threshold");
}

CompareSession read_comparison(const io::Handle& file, const SessionName& name)
{
    const auto group = io::open_group(file, name.first + "/" + name.second);
    auto session = CompareSession{.head = read_head(file, name)};
    session.method = io::read_text_attribute(group, "method");
    session.truth = io::read_text_attribute(group, "truth");
    if (session.head.status != "ok")
        return session;
    session.true_connections = io::read_attribute<std::int64_t>(group, "true_connections");
    const auto texts = [&](const char* array) { return io::read_texts(group, array); };
    const auto numbers = [&](const char* array) { return io::read_all<double>(group, array); };
    const auto counts = [&](const char* array) { return io::read_all<std::int64_t>(group, array); };
    session.counting = texts("counting");
    session.sign = texts("sign");
    session.threshold = numbers("threshold");
    session.min_pair_spikes = numbers("min_pair_spikes");
    session.true_positive = counts("true_positive");
    session.false_positive = counts("false_positive");
    session.false_negative = counts("false_negative");
    session.true_negative = counts("true_negative");
    session.mcc = numbers("mcc");
    session.methods = texts("method");
    session.measure = io::read_texts_attribute(group, "measures");
    session.factor = numbers("factor");
    session.method_threshold = numbers("method_threshold");
    session.method_mcc = numbers("method_mcc");
    session.mcc_by_factor = numbers("mcc_by_factor");
    session.mcc_by_pair_spikes = numbers("mcc_by_pair_spikes");
    session.relation = texts("relation");
    session.directions = counts("directions");
    session.method_found = counts("method_found");
    return session;
}

} // namespace rewire::jobs
