"""Simulated bridge points: aiortc participants with pre-encoded loops, for trying everything alone and for
tests. They live in deploy/ because they are a command of the appliance and sign in through the state
directory. Only this folder and the tests use aiortc's RTCPeerConnection."""
