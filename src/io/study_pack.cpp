#include <rewire/base/packed.hpp>
#include <rewire/io/study.hpp>

#include <concepts>

namespace rewire::io {

namespace {

/// T, to be written from or read into.
template <typename T, typename Struct>
concept Either = std::same_as<std::remove_const_t<T>, Struct>;

} // namespace

void each_field(Either<ActivityInfo> auto& info, auto field)
{
    field(info.path), field(info.container), field(info.id_column), field(info.imaging_plane);
    field(info.location), field(info.frames), field(info.neurons), field(info.transposed);
    field(info.exact_as_float), field(info.has_timestamps), field(info.rate_hz);
    field(info.columns), field(info.column), field(info.kind), field(info.neuropil);
    field(info.start_s), field(info.dropped), field(info.neuron_id), field(info.neuron_number);
    field(info.ids_are_rows), field(info.id_candidates);
}

void each_field(Either<SeriesInfo> auto& info, auto field)
{
    field(info.path), field(info.name), field(info.type), field(info.unit), field(info.samples);
    field(info.channels), field(info.rate_hz), field(info.start_s), field(info.has_timestamps);
}

void each_field(Either<TableInfo> auto& info, auto field)
{
    field(info.path), field(info.name), field(info.rows), field(info.columns);
}

void each_field(Either<UnitsInfo> auto& info, auto field)
{
    field(info.path), field(info.units), field(info.spikes), field(info.spiking_s);
    field(info.columns);
}

void each_field(Either<Problem> auto& problem, auto field)
{
    field(problem.severity), field(problem.file), field(problem.what), field(problem.next);
    field(problem.scope);
}

void each_field(Either<Instant> auto& instant, auto field)
{
    field(instant.microseconds), field(instant.zoned);
}

void each_field(Either<SessionRecord> auto& record, auto field)
{
    field(record.file), field(record.subject), field(record.session), field(record.identifier);
    field(record.start_text), field(record.readable), field(record.bytes), field(record.start);
    field(record.activity), field(record.units), field(record.series), field(record.intervals);
    field(record.problems), field(record.subject_as_written);
}

void Problem::pack(base::Packer& packer) const
{
    each_field(*this, base::PackField{packer});
}

void Problem::unpack(base::Unpacker& unpacker)
{
    each_field(*this, base::UnpackField{unpacker});
}

void SessionRecord::pack(base::Packer& packer) const
{
    each_field(*this, base::PackField{packer});
}

void SessionRecord::unpack(base::Unpacker& unpacker)
{
    each_field(*this, base::UnpackField{unpacker});
}

} // namespace rewire::io
