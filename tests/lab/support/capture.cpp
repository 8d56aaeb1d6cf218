// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lab/support/capture.h"

#include <linux/if_packet.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <mutex>
#include <thread>

#include "gateway/base/text.h"
#include "tests/lab/support/environment.h"

namespace gatehouse::lab {
namespace {

constexpr std::size_t kShownPackets = 10;
constexpr std::size_t kMostBytes = 256 * 1024 * 1024;

// The classic file format of packet captures, nanosecond variety, in the byte order of this host.
struct PcapFileHeader {
    std::uint32_t magic = 0xa1b2'3c4d;
    std::uint16_t major = 2, minor = 4;
    std::uint32_t zone = 0, accuracy = 0;
    std::uint32_t longest = 262144;
    std::uint32_t link = 1;  // Ethernet
};

struct PcapPacketHeader {
    std::uint32_t seconds = 0, nanoseconds = 0;
    std::uint32_t captured = 0, length = 0;
};

template <class T>
void write_raw(std::ofstream& out, const T& value) {
    std::array<char, sizeof(T)> bytes;
    std::memcpy(bytes.data(), &value, sizeof(T));
    out.write(bytes.data(), bytes.size());
}

void write_packet(std::ofstream& out, const Packet& packet) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now);
    PcapPacketHeader header;
    header.seconds = static_cast<std::uint32_t>(seconds.count());
    header.nanoseconds = static_cast<std::uint32_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(now - seconds).count());
    header.captured = header.length = static_cast<std::uint32_t>(packet.frame().size());
    write_raw(out, header);
    const std::string_view text = as_text(packet.frame());
    out.write(text.data(), static_cast<std::streamsize>(text.size()));
}

}  // namespace

// A thread empties the socket so that the kernel's buffer does not fill; a question empties it
// first as well, so that it does not miss what the thread has not come to.
struct Capture::State {
    Fd socket;
    Fd end;
    std::filesystem::path file;
    std::mutex mutex;
    std::vector<Packet> packets;
    std::size_t bytes = 0;
    bool lost = false;
    std::ofstream out;
    std::thread reader;

    ~State() {
        const std::uint64_t one = 1;
        if (::write(end.number(), &one, sizeof one) == sizeof one) reader.join();
        take_waiting();
    }
    // With the mutex held, or alone.
    void take_waiting() {
        while (std::optional<Packet> packet = read_packet(socket.number())) {
            write_packet(out, *packet);
            bytes += packet->frame().size();
            if (packets.size() < kMost && bytes < kMostBytes) {
                packets.push_back(std::move(*packet));
            } else {
                lost = true;
            }
        }
        out.flush();
        tpacket_stats stats{};
        socklen_t size = sizeof stats;
        if (::getsockopt(socket.number(), SOL_PACKET, PACKET_STATISTICS, &stats, &size) == 0) {
            lost = lost || stats.tp_drops > 0;
        }
    }
    void read_until_end() {
        std::array<pollfd, 2> items{{{socket.number(), POLLIN, 0}, {end.number(), POLLIN, 0}}};
        for (;;) {
            if (::poll(items.data(), items.size(), -1) < 0 && errno != EINTR) return;
            if ((items[1].revents & POLLIN) != 0) return;
            const std::lock_guard lock(mutex);
            take_waiting();
            // The error of an interface that went down is read away by now; one that stays must
            // not keep the thread busy.
            if ((items[0].revents & POLLERR) != 0) std::this_thread::sleep_for(1ms);
        }
    }
    // The packets that pass; throws when some are missing, because then no answer is true.
    std::vector<const Packet*> matching(const PacketTest& test) {
        take_waiting();
        if (lost) throw LabError(concat(file.string(), ": too many packets to answer questions"));
        std::vector<const Packet*> out_list;
        for (const Packet& packet : packets) {
            if (test(packet)) out_list.push_back(&packet);
        }
        return out_list;
    }
};

Capture::Capture(Fd packet_socket, std::filesystem::path file) : state_(std::make_unique<State>()) {
    state_->socket = std::move(packet_socket);
    state_->end = Fd::checked(::eventfd(0, EFD_CLOEXEC), "eventfd");
    state_->out.open(file, std::ios::binary | std::ios::trunc);
    state_->file = std::move(file);
    write_raw(state_->out, PcapFileHeader{});
    if (!state_->out.flush()) throw LabError(concat("cannot write ", state_->file.string()));
    state_->reader = std::thread([state = state_.get()] { state->read_until_end(); });
}

Capture::~Capture() = default;
Capture::Capture(Capture&&) noexcept = default;
Capture& Capture::operator=(Capture&&) noexcept = default;

std::size_t Capture::count(const PacketTest& test) const {
    const std::lock_guard lock(state_->mutex);
    return state_->matching(test).size();
}

Verdict Capture::any(const PacketTest& test) const {
    const std::lock_guard lock(state_->mutex);
    if (!state_->matching(test).empty()) return true;
    std::string seen;
    for (std::size_t i = 0; i < std::min(kShownPackets, state_->packets.size()); ++i) {
        append(seen, "\n  ", state_->packets[i].to_string());
    }
    return no_because(concat("none of ", state_->packets.size(), " packets in ",
                             state_->file.string(), ", which begins:", seen));
}

Verdict Capture::none(const PacketTest& test) const {
    const std::lock_guard lock(state_->mutex);
    const std::vector<const Packet*> found = state_->matching(test);
    if (found.empty()) return true;
    std::string shown;
    for (std::size_t i = 0; i < std::min(kShownPackets, found.size()); ++i) {
        append(shown, "\n  ", found[i]->to_string());
    }
    return no_because(concat(found.size(), " packets in ", state_->file.string(), ":", shown));
}

std::optional<Packet> Capture::wait_for(const PacketTest& test, Duration limit) const {
    std::optional<Packet> found;
    const Verdict in_time = eventually(
        [&]() -> Verdict {
            const std::lock_guard lock(state_->mutex);
            const std::vector<const Packet*> passing = state_->matching(test);
            if (!passing.empty()) found = *passing.front();
            return found.has_value();
        },
        limit);
    return in_time ? found : std::nullopt;
}

std::vector<Packet> Capture::packets() const {
    const std::lock_guard lock(state_->mutex);
    state_->take_waiting();
    return state_->packets;
}

void Capture::forget() {
    const std::lock_guard lock(state_->mutex);
    state_->take_waiting();
    state_->packets.clear();
    state_->bytes = 0;
    state_->lost = false;
}

const std::filesystem::path& Capture::file() const {
    return state_->file;
}

Capture Host::capture(const std::string& interface) const {
    std::filesystem::path file = new_log(concat(name_, "-", interface));
    file.replace_extension(".pcap");
    return Capture(inside([&] { return open_packet_socket(interface); }), std::move(file));
}

}  // namespace gatehouse::lab
