#include "rewire/mpi/stream.hpp"

#include <rewire/mpi/agreement.hpp>

#include <algorithm>
#include <array>
#include <exception>
#include <limits>
#include <utility>

namespace rewire::mpi {

namespace {

constexpr auto message_tag = 29;
constexpr auto end_tag = 30;
constexpr auto most_on_their_way = std::size_t{4};

using Next = std::function<std::optional<std::vector<std::byte>>()>;
using Take = std::function<void(std::span<const std::byte>)>;

struct Sending
{
    std::vector<std::byte> bytes;
    MPI_Request request = MPI_REQUEST_NULL;
};

void send_all(const Communicator& comm, const Next& next)
{
    auto failed = std::exception_ptr{};
    auto places = std::array<Sending, most_on_their_way>{};
    try {
        for (auto at = std::size_t{0};; at = (at + 1) % places.size()) {
            auto& place = places[at];
            MPI_Wait(&place.request, MPI_STATUS_IGNORE);
            auto message = next();
            if (!message)
                break;
            if (message->size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
                throw base::Error(base::ExitCode::bug, "a message of more than 2 GB", "",
                                  "please report this");
            place.bytes = std::move(*message);
            MPI_Isend(place.bytes.data(), static_cast<int>(place.bytes.size()), MPI_BYTE, 0,
                      message_tag, comm.get(), &place.request);
        }
    } catch (...) {
        failed = std::current_exception();
    }
    for (auto& place : places)
        MPI_Wait(&place.request, MPI_STATUS_IGNORE);
    MPI_Send(nullptr, 0, MPI_BYTE, 0, end_tag, comm.get());
    agree_on(comm, failed);
}

void take_all(const Communicator& comm, const Next& next, const Take& take)
{
    // After an error the rest is received all the same: the others wait for it.
    auto failed = std::exception_ptr{};
    const auto unless_failed = [&](const auto& work) {
        try {
            if (!failed)
                work();
        } catch (...) {
            failed = std::current_exception();
        }
    };
    auto bytes = std::vector<std::byte>{};
    auto own_left = true;
    for (auto others = comm.size() - 1; others > 0 || (own_left && !failed);) {
        auto waits = 0;
        auto status = MPI_Status{};
        // Both kinds by one call, in the order in which a rank sent them.
        if (others > 0 && own_left && !failed)
            MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, comm.get(), &waits, &status);
        else if (others > 0)
            waits = MPI_Probe(MPI_ANY_SOURCE, MPI_ANY_TAG, comm.get(), &status) == MPI_SUCCESS;
        if (waits == 0) {
            unless_failed([&] {
                if (const auto message = next())
                    take(*message);
                else
                    own_left = false;
            });
            continue;
        }
        auto count = 0;
        MPI_Get_count(&status, MPI_BYTE, &count);
        bytes.resize(static_cast<std::size_t>(count));
        MPI_Recv(bytes.data(), count, MPI_BYTE, status.MPI_SOURCE, status.MPI_TAG, comm.get(),
                 MPI_STATUS_IGNORE);
        if (status.MPI_TAG == end_tag)
            --others;
        else
            unless_failed([&] { take(bytes); });
    }
    agree_on(comm, failed);
}

} // namespace

void stream_to_root(const Communicator& comm, const Next& next, const Take& take)
{
    if (comm.is_root())
        take_all(comm, next, take);
    else
        send_all(comm, next);
}

} // namespace rewire::mpi
