#pragma once

#include <rewire/base/pack.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

/// Visitors for structs that name their members once, for packing and unpacking alike, in a
/// function template beside the struct:
///
///     void each_field(auto& point, auto field) { field(point.x), field(point.y); }
///
/// Members may be such structs themselves, texts, plain values, and vectors and optionals of these.
namespace rewire::base {

struct AnyField
{
    void operator()(auto&) const {}
};

template <typename T>
concept HasFields = requires(T& value)
{
    each_field(value, AnyField{});
};

/// Vectors of these are packed whole.
template <typename T>
concept PlainValue = std::is_trivially_copyable_v<T> && !HasFields<T>;

struct PackField
{
    Packer& packer;

    void operator()(const std::string& text) const { packer.put_text(text); }
    template <typename T>
    void operator()(const std::vector<T>& values) const
    {
        if constexpr (PlainValue<T>) {
            packer.put_all(values);
        } else {
            packer.put(static_cast<std::uint64_t>(values.size()));
            for (const auto& value : values)
                (*this)(value);
        }
    }
    template <typename T>
    void operator()(const std::optional<T>& value) const
    {
        packer.put(value.has_value());
        if (value)
            (*this)(*value);
    }
    template <typename T>
    void operator()(const T& value) const
    {
        if constexpr (HasFields<T>)
            each_field(value, *this);
        else
            packer.put(value);
    }
};

struct UnpackField
{
    Unpacker& unpacker;

    void operator()(std::string& text) const { text = unpacker.get_text(); }
    template <typename T>
    void operator()(std::vector<T>& values) const
    {
        if constexpr (PlainValue<T>) {
            values = unpacker.get_all<T>();
        } else {
            values.clear();
            for (auto left = unpacker.get<std::uint64_t>(); left > 0; --left)
                (*this)(values.emplace_back());
        }
    }
    template <typename T>
    void operator()(std::optional<T>& value) const
    {
        value.reset();
        if (unpacker.get<bool>())
            (*this)(value.emplace());
    }
    template <typename T>
    void operator()(T& value) const
    {
        if constexpr (HasFields<T>)
            each_field(value, *this);
        else
            value = unpacker.get<T>();
    }
};

} // namespace rewire::base
