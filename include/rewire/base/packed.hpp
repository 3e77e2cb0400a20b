#pragma once

#include <rewire/base/pack.hpp>

#include <concepts>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

/// Values of any type through the packing, so that those who hand results on name the type and not
/// the bytes. A type is packed, in this order of preference,
///     by its members        void pack(Packer&) const;  void unpack(Unpacker&);   (replaces)
///     by functions beside it void pack(Packer&, const T&);  void unpack(Unpacker&, T&);
///     by its fields          void each_field(auto& point, auto field) { field(point.x),
///     field(point.y); }
///                            beside it, which names them once, for packing and unpacking alike
///     as text, as a vector of such types, as an optional of one, or as its plain bytes.
namespace rewire::base {

template <typename T>
concept PacksItself = requires(const T& value, T& target, Packer& packer, Unpacker& unpacker)
{
    value.pack(packer);
    // one that returns the value would drop it in silence
    {
        target.unpack(unpacker)
        } -> std::same_as<void>;
};

template <typename T>
concept PackedBeside = requires(const T& value, T& target, Packer& packer, Unpacker& unpacker)
{
    pack(packer, value);
    unpack(unpacker, target);
};

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
concept PlainValue = std::is_trivially_copyable_v<T> && !std::is_same_v<T, bool> &&
                     !PacksItself<T> && !PackedBeside<T> && !HasFields<T>;

namespace detail {

template <typename T>
struct IsVector : std::false_type
{
};
template <typename T>
struct IsVector<std::vector<T>> : std::true_type
{
};
template <typename T>
struct IsOptional : std::false_type
{
};
template <typename T>
struct IsOptional<std::optional<T>> : std::true_type
{
};

} // namespace detail

template <typename T>
void pack_value(Packer& packer, const T& value);

/// @throws IoError when the bytes end before the value does
template <typename T>
T unpack_value(Unpacker& unpacker);

/// What `each_field` is given to pack.
struct PackField
{
    Packer& packer;

    void operator()(const auto& value) const { pack_value(packer, value); }
};

/// What `each_field` is given to unpack.
struct UnpackField
{
    Unpacker& unpacker;

    template <typename T>
    void operator()(T& value) const
    {
        value = unpack_value<T>(unpacker);
    }
};

template <typename T>
void pack_value(Packer& packer, const T& value)
{
    if constexpr (PacksItself<T>) {
        value.pack(packer);
    } else if constexpr (PackedBeside<T>) {
        pack(packer, value);
    } else if constexpr (HasFields<T>) {
        each_field(value, PackField{packer});
    } else if constexpr (std::is_same_v<T, std::string>) {
        packer.put_text(value);
    } else if constexpr (detail::IsOptional<T>::value) {
        packer.put(value.has_value());
        if (value)
            pack_value(packer, *value);
    } else if constexpr (detail::IsVector<T>::value) {
        using Element = typename T::value_type;
        if constexpr (PlainValue<Element>) {
            packer.put_all(value);
        } else {
            packer.put(static_cast<std::uint64_t>(value.size()));
            for (const Element& element : value)
                pack_value(packer, element);
        }
    } else {
        static_assert(std::is_trivially_copyable_v<T>, "give the type pack and unpack");
        packer.put(value);
    }
}

template <typename T>
T unpack_value(Unpacker& unpacker)
{
    if constexpr (PacksItself<T>) {
        auto value = T{};
        value.unpack(unpacker);
        return value;
    } else if constexpr (PackedBeside<T>) {
        auto value = T{};
        unpack(unpacker, value);
        return value;
    } else if constexpr (HasFields<T>) {
        auto value = T{};
        each_field(value, UnpackField{unpacker});
        return value;
    } else if constexpr (std::is_same_v<T, std::string>) {
        return unpacker.get_text();
    } else if constexpr (detail::IsOptional<T>::value) {
        if (!unpacker.get<bool>())
            return std::nullopt;
        return unpack_value<typename T::value_type>(unpacker);
    } else if constexpr (detail::IsVector<T>::value) {
        using Element = typename T::value_type;
        if constexpr (PlainValue<Element>) {
            return unpacker.get_all<Element>();
        } else {
            auto values = T{};
            for (auto left = unpacker.get<std::uint64_t>(); left > 0; --left)
                values.push_back(unpack_value<Element>(unpacker));
            return values;
        }
    } else {
        static_assert(std::is_trivially_copyable_v<T>, "give the type pack and unpack");
        return unpacker.get<T>();
    }
}

} // namespace rewire::base
