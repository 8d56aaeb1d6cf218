// SPDX-License-Identifier: GPL-2.0-or-later
//
// Real phones and the proxy (kamailio, at 11.0.0.2) that they register with and call each other by.
// Every phone has 8,000 samples a second of PCMA or PCMU to say, in packets of 172 bytes, answers
// whoever calls, and listens for media from port 6000 on.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/lab/support/capture.h"
#include "tests/lab/support/fd.h"
#include "tests/lab/support/house.h"

namespace gatehouse::lab {

// What the proxy does beside believing what it is told; names of tests/lab/programs/sip_proxy.cfg.
using ProxyHabits = std::vector<std::string>;

// With RELAY among the habits, rtpengine runs beside it, with the media ports from 30000 on.
class Proxy {
  public:
    explicit Proxy(House& house, const ProxyHabits& habits = {});

  private:
    Process relay_;
    Process proxy_;
};

class Phone {
  public:
    virtual ~Phone() = default;

    virtual Verdict is_registered() = 0;
    // Each call once.
    virtual Verdict is_in_a_call() = 0;
    virtual Verdict is_alone() = 0;
    virtual void dial(std::string_view who) = 0;
    virtual void hang_up() = 0;
    std::string said() const { return program_.output(); }

  protected:
    Verdict says(std::string_view text);
    Verdict says_once_more(std::string_view text);

    Process program_;

  private:
    std::size_t seen_ = 0;
};

struct BaresipOptions {
    std::string transport = "udp";
    std::string account;               // parameters of the account, each begins with ';'
    std::vector<std::string> modules;  // beyond those for sound and control
};

class Baresip final : public Phone {
  public:
    Baresip(Host& host, std::string_view name, std::string_view address,
            const BaresipOptions& options = {});

    Verdict is_registered() override { return says("200 OK"); }
    Verdict is_in_a_call() override { return says_once_more("Call established"); }
    Verdict is_alone() override { return says_once_more("session closed"); }
    void dial(std::string_view who) override;
    void hang_up() override;
    // The other end of the call shall call somebody else instead.
    void transfer(std::string_view who);
    void hold();
    void go_on();

  private:
    void command(std::string_view text) const;

    Host& host_;
};

class Linphone final : public Phone {
  public:
    Linphone(Host& host, std::string_view name, std::string_view transport = "udp");

    Verdict is_registered() override;
    Verdict is_in_a_call() override;
    Verdict is_alone() override;
    void dial(std::string_view who) override;
    void hang_up() override;
    void hold();
    Verdict holds() { return says("LinphoneCallPausing to LinphoneCallPaused"); }
    // The ends of its first two calls shall talk to each other.
    void connect_both();

  private:
    void command(std::string_view text) const;

    Fd commands_;
};

// Whether enough of a phone's sound has gone from one address to the other.
Verdict has_audio(const Capture& capture, std::string_view from, std::string_view to);

}  // namespace gatehouse::lab
