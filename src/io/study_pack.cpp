#include <rewire/base/fields.hpp>
#include <rewire/io/study.hpp>

namespace rewire::io {

void each_field(base::FieldsOf<ActivityInfo> auto& info, auto field)
{
    field(info.path), field(info.container), field(info.id_column), field(info.imaging_plane);
    field(info.location), field(info.frames), field(info.neurons), field(info.transposed);
    field(info.exact_as_float), field(info.has_timestamps), field(info.rate_hz);
    field(info.start_s), field(info.dropped), field(info.neuron_id), field(info.neuron_number);
}

void each_field(base::FieldsOf<SeriesInfo> auto& info, auto field)
{
    field(info.path), field(info.name), field(info.type), field(info.unit), field(info.samples);
    field(info.channels), field(info.rate_hz), field(info.start_s), field(info.has_timestamps);
}

void each_field(base::FieldsOf<TableInfo> auto& info, auto field)
{
    field(info.path), field(info.name), field(info.rows), field(info.columns);
}

void each_field(base::FieldsOf<UnitsInfo> auto& info, auto field)
{
    field(info.path), field(info.units), field(info.spikes), field(info.columns);
}

void each_field(base::FieldsOf<Instant> auto& instant, auto field)
{
    field(instant.microseconds), field(instant.zoned);
}

void each_field(base::FieldsOf<SessionRecord> auto& record, auto field)
{
    field(record.file), field(record.subject), field(record.session), field(record.identifier);
    field(record.start_text), field(record.readable), field(record.bytes), field(record.start);
    field(record.activity), field(record.units), field(record.series), field(record.intervals);
    field(record.problems);
}

void SessionRecord::pack(base::Packer& packer) const
{
    each_field(*this, base::PackField{packer});
}

SessionRecord SessionRecord::unpack(base::Unpacker& unpacker)
{
    auto record = SessionRecord{};
    each_field(record, base::UnpackField{unpacker});
    return record;
}

} // namespace rewire::io
