// SPDX-License-Identifier: GPL-2.0-or-later
//
// What goes on in a house all the while, in a thread of its own: connections on which every byte
// is echoed, UDP flows of fixed ports that two servers hear, the audio of a call, and a stranger
// who tries every outside port that he could know. It notes what a user would have noticed.
#pragma once

#include <atomic>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/lab/support/lab.h"

namespace gatehouse::chaos {

using namespace gatehouse::lab;

class Traffic {
  public:
    // Flows and connections of these devices.
    Traffic(House& house, const std::vector<const Host*>& devices);
    ~Traffic();

    // What went wrong so far: a connection that broke, a stranger who came in; "" for nothing.
    std::string problem() const;
    // Whether, soon, everything moves on: each echo, each flow at both servers from one outside
    // endpoint at this address, the audio in both directions.
    Verdict flows(const std::string& address, Duration limit);
    // The outside endpoint of each flow, by its number.
    std::map<std::size_t, std::string> faces() const;

    // The connections and the call end with the address of the house, and new connections begin
    // with the next one.
    void hang_up();
    void connect();
    // Connections say nothing from now on, and nothing of theirs is under way; or they speak again.
    Verdict hush();
    void speak_again();
    // Whom the server of the call shall send audio to: an outside endpoint.
    void talk_to(const std::string& outside);

  private:
    struct Connection {
        TcpConnection client;
        std::optional<TcpConnection> server;
        std::string unheard;  // sent and not come back
        int echoes = 0;
    };
    struct Flow {
        UdpSocket socket;
        std::string at_first, at_second;  // as the servers see it
        int answers = 0;
    };

    void live();
    void turn();
    void turn(Connection& connection);
    void hear(const UdpSocket& server, std::string Flow::*face);
    void speak();
    void note(std::string what);
    std::string missing(const std::string& address) const;

    House& house_;
    std::vector<const Host*> devices_;
    TcpListener listener_;
    UdpSocket first_, second_, stranger_, media_, audio_;
    std::list<Connection> connections_;
    std::vector<Flow> flows_;
    std::string talk_to_;
    int audio_in_ = 0, audio_out_ = 0;
    std::size_t turn_ = 0;
    bool is_connected_ = false;
    bool is_hushed_ = false;
    std::string problem_;
    mutable std::mutex mutex_;
    std::atomic<bool> ends_ = false;
    std::thread thread_;
};

}  // namespace gatehouse::chaos
