"""Simulated bridge points: aiortc participants with pre-encoded loops, for trying everything alone and for
tests. They live in deploy/ because they sign in by the state directory and are a command of the appliance;
aiortc's RTCPeerConnection is at home here and in the tests only."""
