#include "rewire/io/checkpoint.hpp"

#include "checkpoint_files.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/text.hpp>
#include <rewire/io/digest.hpp>
#include <rewire/io/whole_file.hpp>
#include <rewire/mpi/agreement.hpp>

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <optional>
#include <random>
#include <sstream>
#include <tuple>

namespace rewire::io {

namespace fs = std::filesystem;

namespace {

constexpr auto manifest_head = "rewire checkpoint 1";

/// An attempt on disk; not complete: it ended before its manifest was written.
struct Found
{
    int number;
    fs::path folder;
    bool complete;
};

/// In the order of their numbers.
std::vector<Found> attempts_in(const fs::path& folder)
{
    auto attempts = std::vector<Found>{};
    auto error = std::error_code{};
    for (const auto& entry : fs::directory_iterator(folder, error)) {
        const auto name = entry.path().filename().string();
        const auto head = std::string("attempt-");
        auto number = 0;
        if (name.starts_with(head) &&
            std::from_chars(name.data() + head.size(), name.data() + name.size(), number).ec ==
                std::errc{})
            attempts.push_back({number, entry.path(), fs::exists(entry.path() / "manifest")});
    }
    std::sort(attempts.begin(), attempts.end(), [](const Found& left, const Found& right) {
        return std::tie(left.number, left.folder) < std::tie(right.number, right.folder);
    });
    return attempts;
}

/// Of a folder that is being removed.
constexpr auto removed_prefix = ".removed-";

/// Under another name first: processes of that attempt that still run find it gone at once, where
/// files that they make in it could keep it from being removed.
void remove_attempt(const fs::path& folder)
{
    auto error = std::error_code{};
    const auto renamed = folder.parent_path() / (removed_prefix + folder.filename().string());
    fs::rename(folder, renamed, error);
    fs::remove_all(error ? folder : renamed, error);
}

/// What a process that ended in the middle of it had not removed.
void remove_rest(const fs::path& folder)
{
    auto error = std::error_code{};
    for (const auto& entry : fs::directory_iterator(folder, error))
        if (entry.path().filename().string().starts_with(removed_prefix))
            fs::remove_all(entry.path(), error);
}

/// The batch job this process belongs to: "1234 2" for the second restart of job 1234. Empty: none.
std::string batch_job()
{
    const auto* job = std::getenv("SLURM_JOB_ID");
    const auto* restart = std::getenv("SLURM_RESTART_COUNT");
    return job == nullptr ? "" : fmt::format("{} {}", job, restart == nullptr ? "0" : restart);
}

/// A process that was late or on a node that was cut off may begin after a later start of its own
/// job.
void refuse_if_overtaken(const fs::path& newest)
{
    auto file = std::ifstream(newest / "slurm");
    auto mine = std::istringstream(batch_job());
    auto job = std::string{};
    auto my_job = std::string{};
    auto restart = 0;
    auto my_restart = 0;
    if (file >> job >> restart && mine >> my_job >> my_restart && job == my_job &&
        restart > my_restart)
        throw base::IoError(fmt::format("restart {} of job {} has taken over from restart {}, "
                                        "which ends here: the newer one goes on with the work",
                                        restart, job, my_restart),
                            "", "");
}

Fingerprint read_manifest(const fs::path& path)
{
    const auto bytes = bytes_of_file(path);
    const auto text = std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    const auto end = text.rfind("sha256 ");
    if (!text.starts_with(manifest_head) || end == std::string::npos ||
        text.substr(end) != "sha256 " + sha256_of(as_bytes(text.substr(0, end))) + "\n")
        damaged(path, "its checksum does not fit");
    const auto first = text.find('\n') + 1;
    return fingerprint_from_text(text.substr(first, end - first));
}

void write_manifest(const fs::path& path, const Fingerprint& fingerprint)
{
    auto text = std::string(manifest_head) + "\n" + to_text(fingerprint);
    text += "sha256 " + sha256_of(as_bytes(text)) + "\n";
    write_whole(path, text);
}

/// Takes over the files of an earlier attempt, by links where the file system has them.
void link_snapshots(const fs::path& from, const fs::path& into)
{
    for (const auto& entry : fs::directory_iterator(from)) {
        const auto extension = entry.path().extension();
        if (extension != ".snapshot" && extension != ".state" && extension != ".compacted")
            continue;
        auto error = std::error_code{};
        const auto target = into / entry.path().filename();
        fs::create_hard_link(entry.path(), target, error);
        if (error)
            fs::copy_file(entry.path(), target);
    }
}

} // namespace

std::string to_text(const Fingerprint& fingerprint)
{
    const auto escaped = [](const std::string& text, bool is_name) {
        auto out = std::string{};
        for (const auto letter : text) {
            if (letter == '\\' || (is_name && letter == '='))
                out += '\\';
            out += letter == '\n' ? std::string("\\n") : std::string(1, letter);
        }
        return out;
    };
    auto text = std::string{};
    for (const auto& [field, value] : fingerprint)
        text += escaped(field, true) + "=" + escaped(value, false) + "\n";
    return text;
}

Fingerprint fingerprint_from_text(const std::string& text)
{
    auto fingerprint = Fingerprint{};
    auto parts = std::pair<std::string, std::string>{};
    auto in_name = true;
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto& part = in_name ? parts.first : parts.second;
        if (text[i] == '\\' && i + 1 < text.size()) {
            ++i;
            part += text[i] == 'n' ? '\n' : text[i];
        } else if (text[i] == '=' && in_name) {
            in_name = false;
        } else if (text[i] == '\n') {
            if (!in_name)
                fingerprint.push_back(parts);
            parts = {};
            in_name = true;
        } else {
            part += text[i];
        }
    }
    return fingerprint;
}

std::vector<std::string> differences(const Fingerprint& there, const Fingerprint& here)
{
    auto fields = std::map<std::string, std::pair<std::string, std::string>>{};
    for (const auto& [field, value] : there)
        fields[field].first = value;
    for (const auto& [field, value] : here)
        fields[field].second = value;
    auto different = std::vector<std::string>{};
    for (const auto& [field, values] : fields)
        if (values.first != values.second)
            different.push_back(fmt::format("{}: there {}, here {}", field,
                                            values.first.empty() ? "(none)" : values.first,
                                            values.second.empty() ? "(none)" : values.second));
    return different;
}

bool is_there(const Attempt& attempt)
{
    auto error = std::error_code{};
    return attempt.folder.empty() || fs::exists(attempt.folder, error);
}

base::IoError taken_over(const Attempt& attempt)
{
    return {fmt::format("a newer start of this job has taken over from attempt {}, which ends "
                        "here: the newer one goes on with the work",
                        attempt.number),
            "", ""};
}

Checkpoint::Checkpoint(const mpi::Communicator& comm, fs::path folder,
                       const Fingerprint& fingerprint, bool restart)
    : folder_(std::move(folder)), rank_(comm.rank()), ranks_(comm.size())
{
    mpi::collective(comm, [&] {
        if (comm.is_root())
            begin_attempt(fingerprint, restart);
    });
    auto packer = base::Packer{};
    packer.put(attempt_.number);
    packer.put(resumed_);
    packer.put_text(attempt_.folder.string());
    const auto bytes = comm.broadcast(packer.take(), 0);
    auto unpacker = base::Unpacker(bytes);
    attempt_.number = unpacker.get<int>();
    resumed_ = unpacker.get<bool>();
    attempt_.folder = unpacker.get_text();
}

void Checkpoint::begin_attempt(const Fingerprint& fingerprint, bool restart)
{
    auto error = std::error_code{};
    if (restart)
        fs::remove_all(folder_, error);
    fs::create_directories(folder_, error);
    if (error)
        throw base::IoError("cannot make folder: " + error.message(), folder_.string(),
                            "may you write there?");

    const auto attempts = attempts_in(folder_);
    auto newest = fs::path{};
    for (const auto& found : attempts)
        if (found.complete)
            newest = found.folder;
    if (!newest.empty()) {
        refuse_if_overtaken(newest);
        const auto different = differences(read_manifest(newest / "manifest"), fingerprint);
        if (!different.empty())
            throw base::UsageError(
                "an unfinished run with other settings or inputs is there\n    " +
                    base::joined(different, "\n    "),
                folder_.string(),
                "repeat the command that began it, or add --restart to discard what it had done");
    }
    attempt_.number = attempts.empty() ? 1 : attempts.back().number + 1;
    attempt_.folder =
        folder_ / fmt::format("attempt-{:04}-{:08x}", attempt_.number, std::random_device{}());
    if (::mkdir(attempt_.folder.c_str(), 0777) != 0)
        throw base::IoError(fmt::format("cannot make folder: {}", std::strerror(errno)),
                            attempt_.folder.string(), "may you write there?");
    if (!newest.empty()) {
        link_snapshots(newest, attempt_.folder);
        resumed_ = true;
    }
    if (const auto job = batch_job(); !job.empty())
        write_whole(attempt_.folder / "slurm", job);
    write_manifest(attempt_.folder / "manifest", fingerprint);
    for (const auto& found : attempts)
        remove_attempt(found.folder);
    remove_rest(folder_);
}

void Checkpoint::take_over(
    const std::string& phase,
    const std::function<void(const std::vector<std::int64_t>&, base::Unpacker&)>& take) const
{
    const auto files = snapshots_before(attempt_.number, attempt_.folder, phase);
    for (std::size_t i = 0; i < files.size(); ++i) {
        if (static_cast<int>(i % static_cast<std::size_t>(ranks_)) != rank_)
            continue;
        const auto bytes = read_checked(files[i].path);
        auto results = base::Unpacker(std::span(bytes).subspan(checked_from));
        const auto units = results.get_all<std::int64_t>();
        take(units, results);
    }
}

std::int64_t Checkpoint::inherited_files(const std::string& phase) const
{
    return static_cast<std::int64_t>(
        snapshots_before(attempt_.number, attempt_.folder, phase).size());
}

void Checkpoint::compact(const mpi::Communicator& comm, const std::string& phase,
                         const std::vector<std::int64_t>& units,
                         const std::function<void(base::Packer&)>& pack) const
{
    const auto of_attempt = fmt::format("{}.{:04}", phase, attempt_.number);
    mpi::collective(comm, [&] {
        if (!units.empty())
            write(fmt::format("{}-{}.base.snapshot", of_attempt, rank_), [&](base::Packer& packer) {
                packer.put_all(units);
                pack(packer);
            });
    });
    mpi::collective(comm, [&] {
        if (rank_ != 0)
            return;
        const auto replaced = snapshots_before(attempt_.number, attempt_.folder, phase);
        write_whole(attempt_.folder / (of_attempt + ".compacted"), ""); // from here on they count
        auto error = std::error_code{};
        for (const auto& file : replaced)
            fs::remove(file.path, error);
    });
}

void Checkpoint::write(const std::string& name,
                       const std::function<void(base::Packer&)>& pack) const
{
    try {
        write_checked(attempt_.folder / name, pack);
    } catch (const base::IoError&) {
        if (!is_there(attempt_))
            throw taken_over(attempt_);
        throw;
    }
}

void Checkpoint::save(const std::string& phase, const std::vector<std::int64_t>& units,
                      const std::function<void(base::Packer&)>& pack) const
{
    write(fmt::format("{}.{:04}-{}.snapshot", phase, attempt_.number, rank_),
          [&](base::Packer& packer) {
              packer.put_all(units);
              pack(packer);
          });
}

void Checkpoint::save_part(const std::string& phase, std::int64_t part,
                           const std::vector<std::int64_t>& units,
                           const std::function<void(base::Packer&)>& pack) const
{
    const auto name = [&](std::int64_t last) {
        return fmt::format("{}.{:04}-{}.{}-{}.snapshot", phase, attempt_.number, rank_,
                           first_in_file_of(last), last);
    };
    write(name(part), [&](base::Packer& packer) {
        packer.put_all(units);
        pack(packer);
    });
    auto error = std::error_code{};
    for (auto last = part - 1; last >= first_in_file_of(part); last = first_in_file_of(last) - 1)
        fs::remove(attempt_.folder / name(last), error);
}

void Checkpoint::save_state(const std::string& phase,
                            const std::function<void(base::Packer&)>& pack) const
{
    write(phase + ".state", pack);
}

std::optional<std::vector<std::byte>> Checkpoint::saved_state(const std::string& phase) const
{
    const auto path = attempt_.folder / (phase + ".state");
    if (!fs::exists(path))
        return std::nullopt;
    auto bytes = read_checked(path);
    bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(checked_from));
    return bytes;
}

void Checkpoint::remove() const
{
    remove_attempt(attempt_.folder);
    remove_rest(folder_);
    auto error = std::error_code{};
    fs::remove(folder_, error); // stays while another attempt has its folder there
}

} // namespace rewire::io
