#include <rewire/base/error.hpp>
#include <rewire/base/packed.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace {

using namespace rewire::base;

struct Place
{
    double x = 0;
    double y = 0;
    bool operator==(const Place&) const = default;
};

struct Unit
{
    std::string name;
    std::optional<double> rate_hz;
    std::vector<Place> places;
    std::vector<std::string> labels;
    std::vector<bool> used;
    bool operator==(const Unit&) const = default;
};

void each_field(auto& unit, auto field) requires(requires { unit.rate_hz; })
{
    field(unit.name), field(unit.rate_hz), field(unit.places), field(unit.labels);
    field(unit.used);
}

struct Recording
{
    std::vector<Unit> units;
    std::optional<Unit> best;
    bool operator==(const Recording&) const = default;
};

void each_field(auto& recording, auto field) requires(requires { recording.best; })
{
    field(recording.units), field(recording.best);
}

/// Its bytes would be its sum and a cache of half of it: only the sum is packed.
struct Sum
{
    std::int64_t value = 0;
    std::int64_t half = 0;

    void pack(Packer& packer) const { packer.put(value); }
    void unpack(Unpacker& unpacker)
    {
        value = unpacker.get<std::int64_t>();
        half = value / 2;
    }
};

struct Beside
{
    std::int32_t value = 0;
};

void pack(Packer& packer, const Beside& beside)
{
    packer.put_text(std::to_string(beside.value));
}

void unpack(Unpacker& unpacker, Beside& beside)
{
    beside.value = std::stoi(unpacker.get_text());
}

template <typename T>
std::vector<std::byte> packed(const T& value)
{
    auto packer = Packer{};
    pack_value(packer, value);
    return packer.take();
}

template <typename T>
T unpacked(const std::vector<std::byte>& bytes)
{
    auto unpacker = Unpacker(bytes);
    return unpack_value<T>(unpacker);
}

const auto recording = Recording{{{"a", 2.5, {{1, 2}, {3, 4}}, {"good", ""}, {true, false, true}},
                                  {"b", std::nullopt, {}, {}, {}}},
                                 Unit{"c", 0.0, {{5, 6}}, {"x"}, {false}}};

TEST(Packed, StructsComeBackFieldByField)
{
    EXPECT_EQ(unpacked<Recording>(packed(recording)), recording);
    EXPECT_EQ(unpacked<std::vector<Recording>>(packed(std::vector{recording, {}})),
              (std::vector{recording, {}}));
    EXPECT_EQ(unpacked<std::optional<Recording>>(packed(std::optional<Recording>{})), std::nullopt);
}

TEST(Packed, PlainValuesAreTheirBytes)
{
    EXPECT_EQ(packed(Place{1, 2}).size(), sizeof(Place));
    EXPECT_EQ(unpacked<Place>(packed(Place{1, 2})), (Place{1, 2}));
    EXPECT_EQ(packed(std::vector<Place>(3)).size(), sizeof(std::uint64_t) + 3 * sizeof(Place));
}

TEST(Packed, WhatATypeSaysOfItselfTakesPrecedence)
{
    EXPECT_EQ(packed(Sum{7, 0}).size(), sizeof(std::int64_t));
    EXPECT_EQ(unpacked<Sum>(packed(Sum{7, 0})).half, 3);
    const auto sums = unpacked<std::vector<Sum>>(packed(std::vector{Sum{4, 0}, Sum{10, 0}}));
    ASSERT_EQ(sums.size(), 2U);
    EXPECT_EQ(sums[1].half, 5);
    const auto beside = unpacked<std::vector<Beside>>(packed(std::vector{Beside{12}, Beside{-3}}));
    ASSERT_EQ(beside.size(), 2U);
    EXPECT_EQ(beside[1].value, -3);
}

TEST(Packed, BytesThatEndTooSoonAreAnError)
{
    auto bytes = packed(recording);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        const auto part = std::vector<std::byte>(bytes.begin(),
                                                 bytes.begin() + static_cast<std::ptrdiff_t>(size));
        EXPECT_THROW(unpacked<Recording>(part), Error) << size << " of " << bytes.size();
    }
}

} // namespace
