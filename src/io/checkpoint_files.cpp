#include "checkpoint_files.hpp"

#include <rewire/base/error.hpp>
#include <rewire/io/digest.hpp>
#include <rewire/io/whole_file.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <utility>

namespace rewire::io {

namespace fs = std::filesystem;

namespace {

constexpr auto snapshot_head = std::uint64_t{0x3254504b43575221}; // "!RWCKPT2"
constexpr auto digest_size = std::size_t{64}; ///< after the head, before the payload
static_assert(checked_from == sizeof(snapshot_head) + digest_size);

std::optional<Snapshot> snapshot_of(const fs::path& path, const std::string& phase)
{
    const auto name = path.filename().string();
    if (!name.starts_with(phase + "."))
        return std::nullopt;
    const auto* rest = name.c_str() + phase.size() + 1;
    auto found = Snapshot{.path = path};
    const auto is_end = [&](int length) {
        return length > 0 && std::strcmp(rest + length, ".snapshot") == 0;
    };
    auto length = 0;
    if (std::sscanf(rest, "%d-%d%n", &found.attempt, &found.rank, &length) == 2 && is_end(length))
        return found;
    if (length > 0 && std::strcmp(rest + length, ".base.snapshot") == 0) {
        found.base = true;
        return found;
    }
    length = 0;
    if (std::sscanf(rest, "%d-%d.%ld-%ld%n", &found.attempt, &found.rank, &found.first, &found.last,
                    &length) == 4 &&
        is_end(length))
        return found;
    return std::nullopt;
}

/// The last attempt whose ranks have taken all before it into files of their own; 0: none.
int compacted_by(const fs::path& folder, const std::string& phase)
{
    auto last = 0;
    for (const auto& entry : fs::directory_iterator(folder)) {
        const auto name = entry.path().filename().string();
        auto attempt = 0;
        if (name.starts_with(phase + ".") && name.ends_with(".compacted") &&
            std::sscanf(name.c_str() + phase.size() + 1, "%d.compacted", &attempt) == 1)
            last = std::max(last, attempt);
    }
    return last;
}

} // namespace

void damaged(const fs::path& path, const std::string& how)
{
    throw base::IoError("damaged checkpoint file: " + how, path.string(),
                        "nothing was silently started again; add --restart to discard the "
                        "checkpoint and begin afresh");
}

std::vector<std::byte> bytes_of_file(const fs::path& path)
{
    auto file = std::ifstream(path, std::ios::binary | std::ios::ate);
    if (!file)
        throw base::IoError("cannot open checkpoint file", path.string(), "check its permissions");
    auto bytes = std::vector<std::byte>(static_cast<std::size_t>(file.tellg()));
    file.seekg(0);
    if (!file.read(reinterpret_cast<char*>(bytes.data()),
                   static_cast<std::streamsize>(bytes.size())))
        throw base::IoError("cannot read checkpoint file", path.string(),
                            "is the disk or network mount in order?");
    return bytes;
}

void write_whole(const fs::path& path, const std::string& text)
{
    auto file = WholeStream(path);
    file.write(text);
    file.publish();
}

std::span<const std::byte> as_bytes(const std::string& text)
{
    return std::as_bytes(std::span(text));
}

/// memory.
void write_checked(const fs::path& path, const std::function<void(base::Packer&)>& pack)
{
    auto file = WholeStream(path);
    file.write(std::as_bytes(std::span(&snapshot_head, 1)));
    file.write(std::string(digest_size, ' '));
    auto digest = Sha256{};
    auto packer = base::Packer([&](std::span<const std::byte> bytes) {
        digest.add(bytes);
        file.write(bytes);
    });
    pack(packer);
    packer.flush();
    file.overwrite(sizeof(snapshot_head), as_bytes(digest.hexadecimal()));
    file.publish();
}

std::vector<std::byte> read_checked(const fs::path& path)
{
    auto bytes = bytes_of_file(path);
    if (bytes.size() < checked_from)
        damaged(path, "it is too short");
    auto head = base::Unpacker(bytes);
    const auto found = head.get<std::uint64_t>();
    const auto* digest = reinterpret_cast<const char*>(bytes.data()) + sizeof(snapshot_head);
    if (found != snapshot_head ||
        std::string(digest, digest_size) != sha256_of(std::span(bytes).subspan(checked_from)))
        damaged(path, "its checksum does not fit");
    return bytes;
}

std::vector<Snapshot> snapshots_before(int attempt, const fs::path& folder,
                                       const std::string& phase)
{
    const auto compacted = compacted_by(folder, phase);
    auto all = std::vector<Snapshot>{};
    for (const auto& entry : fs::directory_iterator(folder))
        if (auto found = snapshot_of(entry.path(), phase);
            found && found->attempt < attempt && found->attempt >= compacted &&
            (!found->base || found->attempt == compacted))
            all.push_back(*found);
    // Of two files of a rank that hold the same part the longer is the later one: killed in
    // between, the shorter was left.
    const auto is_within = [](const Snapshot& inner, const Snapshot& outer) {
        return inner.first > 0 && inner.attempt == outer.attempt && inner.rank == outer.rank &&
               outer.first > 0 && outer.first <= inner.first && inner.last <= outer.last &&
               (outer.first < inner.first || inner.last < outer.last);
    };
    auto counting = std::vector<Snapshot>{};
    for (const auto& one : all)
        if (std::none_of(all.begin(), all.end(),
                         [&](const Snapshot& other) { return is_within(one, other); }))
            counting.push_back(one);
    std::sort(counting.begin(), counting.end(),
              [](const Snapshot& a, const Snapshot& b) { return a.path < b.path; });
    return counting;
}

} // namespace rewire::io
