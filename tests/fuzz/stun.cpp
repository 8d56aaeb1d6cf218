// SPDX-License-Identifier: GPL-2.0-or-later
//
// Any bytes as STUN: as a message, as a question to the server, as a stream over TCP, and as
// answers to the probe. What must hold: what reads is written and reads the same; the server never
// answers at greater length than it promises nor to another address; a stream gives the same
// messages in one piece and byte by byte; the probe ends within its time whatever comes in.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <variant>
#include <vector>

#include "gateway/base/bytes.h"
#include "gateway/base/random.h"
#include "gateway/stun/framing.h"
#include "gateway/stun/message.h"
#include "gateway/stun/probe.h"
#include "gateway/stun/report.h"
#include "gateway/stun/server.h"

namespace {

using namespace gatehouse;
using namespace gatehouse::stun;

const Endpoint kClient{Ip4::of(192, 0, 2, 9), {4000}};

void must(bool holds) {
    if (!holds) std::abort();
}

ServerConfig server_config() {
    ServerConfig config;
    config.address = Ip4::of(11, 0, 0, 2);
    config.alternate_address = Ip4::of(11, 0, 0, 3);
    return config;
}

void read_and_write(Bytes bytes) {
    Result<Message, Defect> read = parse_message(bytes);
    if (!read) return must(!to_string(read.error()).empty());
    must(bytes.size() >= kHeaderBytes && bytes.size() <= kMaxDatagram);
    read->not_understood.clear();  // these are never written
    const std::vector<std::uint8_t> written = write_message(*read);
    if (written.empty()) return;  // padding to whole words can exceed a datagram
    Result<Message, Defect> again = parse_message(written);
    must(again.ok());
    if (read->id.is_classic() && read->unknown_attributes.size() % 2 != 0) {
        read->unknown_attributes.push_back(read->unknown_attributes.back());
    }
    must(*again == *read);
}

void ask_server(Bytes bytes) {
    for (const Transport transport : {Transport::udp, Transport::tcp}) {
        for (const Side side : kSides) {
            Server server(server_config(), HashKey{1, 2});
            const auto reply = server.handle({bytes, kClient, side, transport}, Instant{});
            must(reply.has_value() ==
                 (server.count(Verdict::answered) + server.count(Verdict::shortened) +
                      server.count(Verdict::refused) ==
                  1));
            if (!reply) continue;
            must(reply->to.address == kClient.address);
            must(reply->bytes.size() * 10 <= bytes.size() * 34);
            const auto answer = parse_message(reply->bytes);
            must(answer.ok());
            must(answer->kind == MessageClass::success || answer->kind == MessageClass::error);
            must(answer->id == parse_message(bytes)->id);
            if (transport == Transport::tcp) must(reply->to == kClient && reply->from == side);
        }
    }
}

std::vector<std::vector<std::uint8_t>> frames_of(Bytes bytes, std::size_t piece) {
    std::vector<std::vector<std::uint8_t>> out;
    FrameReader reader;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
        if (!reader.feed(bytes.subspan(at, std::min(piece, bytes.size() - at)))) break;
        while (auto frame = reader.next())
            out.push_back(*std::move(frame));
    }
    return out;
}

void read_stream(Bytes bytes) {
    if (bytes.size() > FrameReader::kLimit) return;
    const auto whole = frames_of(bytes, bytes.size() + 1);
    const auto split = frames_of(bytes, 1);
    // A stream that goes wrong later has given what came before only when it came in pieces.
    must(whole.size() <= split.size());
    for (std::size_t i = 0; i < whole.size(); ++i)
        must(whole[i] == split[i]);
}

// The first byte of each step says what happens next; answers carry the id of the last question,
// so that they count.
class ProbeRun {
  public:
    explicit ProbeRun(Bytes script) : script_(script), random_(1), probe_(config(), random_) {}

    void run() {
        give(Start{});
        while (!probe_.finished() && !script_.at_end())
            step();
        for (int turns = 0; !probe_.finished(); ++turns) {
            must(turns < kMostTurns);
            must(probe_.deadline() != kNever);
            now_ = std::max(now_, probe_.deadline());
            give(TimePassed{});
        }
        must(probe_.deadline() == kNever);
        must(now_ - Instant{} < kLongestRun);
        must(sent_ < kMostSent);
        must(!to_json(probe_.report()).empty() && !to_words(probe_.report()).empty());
    }

  private:
    static constexpr int kMostTurns = 2000;
    static constexpr int kMostSent = 1000;
    static constexpr Duration kLongestRun = 1h;

    static ProbeConfig config() {
        ProbeConfig out;
        out.server = {Ip4::of(11, 0, 0, 2), kDefaultPort};
        out.lifetime = true;
        return out;
    }

    void step() {
        const std::uint8_t what = script_.u8();
        const SocketId socket = script_.u8() % (last_ + 2);
        switch (what % 5) {
            case 0: return give(Opened{socket, {Ip4::of(192, 168, 1, 10), {script_.u16()}}});
            case 1: return give(SocketFailed{socket});
            case 2: now_ = std::max(now_, std::min(probe_.deadline(), now_ + 1h)); break;
            case 3: return answer(socket, script_.take(script_.u8()));
            default: return raw(socket, script_.take(script_.u8()));
        }
        give(TimePassed{});
    }

    Endpoint somebody() {
        return {Ip4{Ip4::of(11, 0, 0, 2).value + script_.u8() % 3},
                Port{static_cast<std::uint16_t>(3478 + script_.u8() % 2)}};
    }

    void answer(SocketId socket, Bytes attributes) {
        if (questions_.empty()) return;
        const auto& question = questions_[script_.u8() % questions_.size()];
        std::vector<std::uint8_t> bytes(question.begin(), question.begin() + kHeaderBytes);
        if (script_.u8() % 4 != 0) bytes[0] = 1;  // success rather than request
        const std::size_t length = attributes.size() / 4 * 4;
        bytes[2] = 0;
        bytes[3] = static_cast<std::uint8_t>(length);
        bytes.insert(bytes.end(), attributes.begin(),
                     attributes.begin() + static_cast<std::ptrdiff_t>(length));
        const Endpoint from = somebody();
        give(Received{socket, from, bytes});
    }

    void raw(SocketId socket, Bytes bytes) {
        const Endpoint from = somebody();
        give(Received{socket, from, bytes});
    }

    void give(const ProbeEvent& event) {
        for (const Effect& effect : probe_.handle(event, now_)) {
            if (const auto* open = std::get_if<OpenSocket>(&effect)) {
                last_ = std::max(last_, open->socket);
            } else if (const auto* send = std::get_if<SendMessage>(&effect)) {
                must(parse_message(send->bytes).ok());
                must(send->to.port.number != 0);
                ++sent_;
                if (questions_.size() < 256) questions_.push_back(send->bytes);
            }
        }
    }

    ByteReader script_;
    SeededRandom random_;
    Probe probe_;
    Instant now_{};
    SocketId last_ = 0;
    int sent_ = 0;
    std::vector<std::vector<std::uint8_t>> questions_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes bytes(data, size);
    read_and_write(bytes);
    ask_server(bytes);
    read_stream(bytes);
    ProbeRun(bytes).run();
    return 0;
}
