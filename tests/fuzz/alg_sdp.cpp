// SPDX-License-Identifier: GPL-2.0-or-later
//
// Any session description, with an address book that shifts ports by one thousand: what is edited
// outward is the same again after it has been edited inward.
#include <cstdio>
#include <cstdlib>

#include "alg/edits.h"
#include "alg/rewrite.h"
#include "alg/sdp.h"

using namespace gatehouse;
using namespace gatehouse::sip;

namespace {

constexpr Ip4 kInside = Ip4::of(192, 168, 1, 20);
constexpr Ip4 kOutside = Ip4::of(11, 0, 0, 1);
constexpr unsigned kShift = 1000;

class Ports final : public MediaPorts {
  public:
    Ip4 outside_address() override { return kOutside; }
    Result<OpenedMedia, Reason> open(const WantedMedia& wanted) override {
        const bool fits = !is_refused_port(wanted.rtp.port) && wanted.rtp.port.number < 64000 &&
                          (!wanted.rtcp || wanted.rtcp->port.number < 64000);
        if (!fits) return fail(Reason::limit);
        const Port rtp = shifted(wanted.rtp.port);
        return OpenedMedia{{kOutside, rtp}, wanted.rtcp ? shifted(wanted.rtcp->port) : rtp};
    }
    bool is_open(Endpoint4) override { return false; }

  private:
    static Port shifted(Port port) {
        return Port{static_cast<std::uint16_t>(port.number + kShift)};
    }
};

class Lookup final : public MediaLookup {
  public:
    bool is_outside(Ip4 address) override { return address == kOutside; }
    std::optional<Endpoint4> inside_of(Endpoint4 outside) override {
        if (outside.port.number < kShift) return std::nullopt;
        const auto port = static_cast<std::uint16_t>(outside.port.number - kShift);
        return Endpoint4{kInside, Port{port}};
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(as_text(Bytes(data, size)));
    const auto sdp = parse_sdp(text);
    if (!sdp) return 0;
    Ports ports;
    Edits outward(text);
    (void)rewrite_outward(*sdp, kInside, ports, outward);
    const std::string out = outward.apply();
    // The address outside may have been there before, or two streams share what is not theirs.
    if (text.find("11.0.0.1") != std::string::npos) return 0;
    const auto again = parse_sdp(out);
    if (!again) std::abort();
    Lookup lookup;
    Edits inward(out);
    const Reason reason = rewrite_inward(*again, kInside, lookup, inward);
    const bool sure = reason == Reason::edited || out == text;
    for (const SdpMedia& media : sdp->media) {
        // A port of a service that was left alone may be that of an opened stream outside.
        const unsigned shifted = media.port + kShift;
        const bool odd =
            is_refused_port(Port{media.port}) ||
            (shifted < 65536 && is_refused_port(Port{static_cast<std::uint16_t>(shifted)}));
        if (odd && media.port != 0) return 0;
    }
    if (sure && inward.apply() == text) return 0;
    if (!sure) return 0;
    std::fprintf(stderr, "%s\nbecame\n%s\nand\n%s\n", text.c_str(), out.c_str(),
                 inward.apply().c_str());
    std::abort();
}
