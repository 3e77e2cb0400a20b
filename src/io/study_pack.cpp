#include <rewire/io/study.hpp>

namespace rewire::io {

namespace {

using base::Packer;
using base::Unpacker;

void put(Packer& packer, const std::vector<std::string>& texts)
{
    packer.put(static_cast<std::uint64_t>(texts.size()));
    for (const auto& text : texts)
        packer.put_text(text);
}

std::vector<std::string> get_texts(Unpacker& unpacker)
{
    auto texts = std::vector<std::string>{};
    for (auto left = unpacker.get<std::uint64_t>(); left > 0; --left)
        texts.push_back(unpacker.get_text());
    return texts;
}

void put(Packer& packer, const ActivityInfo& info)
{
    for (const auto* text :
         {&info.path, &info.container, &info.id_column, &info.imaging_plane, &info.location})
        packer.put_text(*text);
    packer.put(info.frames);
    packer.put(info.neurons);
    packer.put(info.transposed);
    packer.put(info.exact_as_float);
    packer.put(info.has_timestamps);
    packer.put(info.rate_hz);
    packer.put(info.start_s);
    packer.put(info.dropped);
    put(packer, info.neuron_id);
    packer.put_all(info.neuron_number);
}

void get(Unpacker& unpacker, ActivityInfo& info)
{
    for (auto* text :
         {&info.path, &info.container, &info.id_column, &info.imaging_plane, &info.location})
        *text = unpacker.get_text();
    info.frames = unpacker.get<std::int64_t>();
    info.neurons = unpacker.get<std::int64_t>();
    info.transposed = unpacker.get<bool>();
    info.exact_as_float = unpacker.get<bool>();
    info.has_timestamps = unpacker.get<bool>();
    info.rate_hz = unpacker.get<double>();
    info.start_s = unpacker.get<double>();
    info.dropped = unpacker.get<std::int64_t>();
    info.neuron_id = get_texts(unpacker);
    info.neuron_number = unpacker.get_all<std::int64_t>();
}

void put(Packer& packer, const SeriesInfo& info)
{
    for (const auto* text : {&info.path, &info.name, &info.type, &info.unit})
        packer.put_text(*text);
    packer.put(info.samples);
    packer.put(info.channels);
    packer.put(info.rate_hz);
    packer.put(info.start_s);
    packer.put(info.has_timestamps);
}

void get(Unpacker& unpacker, SeriesInfo& info)
{
    for (auto* text : {&info.path, &info.name, &info.type, &info.unit})
        *text = unpacker.get_text();
    info.samples = unpacker.get<std::int64_t>();
    info.channels = unpacker.get<std::int64_t>();
    info.rate_hz = unpacker.get<double>();
    info.start_s = unpacker.get<double>();
    info.has_timestamps = unpacker.get<bool>();
}

void put(Packer& packer, const TableInfo& info)
{
    packer.put_text(info.path);
    packer.put_text(info.name);
    packer.put(info.rows);
    put(packer, info.columns);
}

void get(Unpacker& unpacker, TableInfo& info)
{
    info.path = unpacker.get_text();
    info.name = unpacker.get_text();
    info.rows = unpacker.get<std::int64_t>();
    info.columns = get_texts(unpacker);
}

void put(Packer& packer, const UnitsInfo& info)
{
    packer.put_text(info.path);
    packer.put(info.units);
    packer.put(info.spikes);
    put(packer, info.columns);
}

void get(Unpacker& unpacker, UnitsInfo& info)
{
    info.path = unpacker.get_text();
    info.units = unpacker.get<std::int64_t>();
    info.spikes = unpacker.get<std::int64_t>();
    info.columns = get_texts(unpacker);
}

void put(Packer& packer, const Problem& problem)
{
    packer.put(problem.severity);
    packer.put_text(problem.file);
    packer.put_text(problem.what);
    packer.put_text(problem.next);
}

void get(Unpacker& unpacker, Problem& problem)
{
    problem.severity = unpacker.get<Severity>();
    problem.file = unpacker.get_text();
    problem.what = unpacker.get_text();
    problem.next = unpacker.get_text();
}

void put(Packer& packer, const Instant& instant)
{
    packer.put(instant.microseconds);
    packer.put(instant.zoned);
}

void get(Unpacker& unpacker, Instant& instant)
{
    instant.microseconds = unpacker.get<std::int64_t>();
    instant.zoned = unpacker.get<bool>();
}

template <typename T>
void put_each(Packer& packer, const std::vector<T>& all)
{
    packer.put(static_cast<std::uint64_t>(all.size()));
    for (const auto& one : all)
        put(packer, one);
}

template <typename T>
void get_each(Unpacker& unpacker, std::vector<T>& all)
{
    for (auto left = unpacker.get<std::uint64_t>(); left > 0; --left)
        get(unpacker, all.emplace_back());
}

template <typename T>
void put_if(Packer& packer, const std::optional<T>& one)
{
    packer.put(one.has_value());
    if (one)
        put(packer, *one);
}

template <typename T>
void get_if(Unpacker& unpacker, std::optional<T>& one)
{
    if (unpacker.get<bool>())
        get(unpacker, one.emplace());
}

} // namespace

void SessionRecord::pack(Packer& packer) const
{
    for (const auto* text : {&file, &subject, &session, &identifier, &start_text})
        packer.put_text(*text);
    packer.put(readable);
    packer.put(bytes);
    put_if(packer, start);
    put_if(packer, activity);
    put_if(packer, units);
    put_each(packer, series);
    put_each(packer, intervals);
    put_each(packer, problems);
}

SessionRecord SessionRecord::unpack(Unpacker& unpacker)
{
    auto record = SessionRecord{};
    for (auto* text :
         {&record.file, &record.subject, &record.session, &record.identifier, &record.start_text})
        *text = unpacker.get_text();
    record.readable = unpacker.get<bool>();
    record.bytes = unpacker.get<std::int64_t>();
    get_if(unpacker, record.start);
    get_if(unpacker, record.activity);
    get_if(unpacker, record.units);
    get_each(unpacker, record.series);
    get_each(unpacker, record.intervals);
    get_each(unpacker, record.problems);
    return record;
}

} // namespace rewire::io
