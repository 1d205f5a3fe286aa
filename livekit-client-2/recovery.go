package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"server-playback/livekit-client-2/internal/fault"
)

const (
	// sdkPatience is for how long the SDK may try to mend a connection that carries no sound. It is
	// quick where that works at all.
	sdkPatience = 2 * time.Second
	// cutPatience is for how long it may begin to, once the media connection is gone.
	cutPatience = 300 * time.Millisecond
	// The waits between attempts to join again double between these, less up to half by chance.
	firstRetry = 200 * time.Millisecond
	lastRetry  = 2 * time.Second
	// audienceWait bounds the wait for those who heard the track before to hear the new one. They have
	// to find back into the room themselves.
	audienceWait = 10 * time.Second
	// removalTruce is how soon after a recovery a removal means that the bridge is not wanted.
	removalTruce = 10 * time.Second
	// maxMutes is how many links in a row may carry no sound before the room is given up.
	maxMutes = 3
)

// Why a room is lost, besides what the server says.
const (
	reasonNoMedia      = "no_media"      // it looked joined, but no sound came to the server
	reasonUnreachable  = "unreachable"   // it could not be joined again in time
	reasonTokenRefused = "token_refused" // nor by a fresh token
	reasonNoToken      = "no_token"      // none came in time
)

// outage is a time in which a room gets no sound: what plays is held at its position. The room's
// goroutine owns it.
type outage struct {
	began    time.Time
	audience <-chan struct{} // closed once somebody hears the new track; nil until there is one
	heard    bool            // whether somebody heard the old one
	asked    bool            // for a token
}

// stay keeps the room until it is left or lost, and gives what that means for its plays and why it
// came.
func (r *Room) stay() ending {
	defer r.timer.Stop()
	for {
		if end := r.attend(); end != nil {
			return *end
		}
	}
}

// attend takes in the next thing that happens to the room. It gives the room's end, if that is it.
func (r *Room) attend() *ending {
	l := r.currentLink()
	select {
	case <-r.life.Done():
		return r.farewell()
	case reason := <-l.lost:
		return r.rejoin(reason)
	case <-l.mute:
		return r.unmute(l)
	case <-l.mending:
		r.announce("")
		if r.outage != nil {
			r.timer.Reset(sdkPatience)
		}
	case <-l.cut:
		r.cut(l)
	case <-l.mended:
		return r.afterMending()
	case <-r.audience():
		r.release()
	case <-r.timer.C:
		if r.audience() == nil {
			return r.rejoin(reasonUnreachable)
		}
		r.release()
	}
	return nil
}

// farewell is the end of a room that is left.
func (r *Room) farewell() *ending {
	end := context.Cause(r.life).(ending)
	return &end
}

func (r *Room) audience() <-chan struct{} {
	if r.outage == nil {
		return nil
	}
	return r.outage.audience
}

// announce says that the room is away, once.
func (r *Room) announce(why string) {
	if !r.announced {
		r.announced = true
		r.client.sendEvent(r.event("room_reconnecting", why))
	}
}

// welcome says that it is back.
func (r *Room) welcome(how string) {
	r.announced = false
	r.client.sendEvent(r.event("room_joined", how))
}

// cut gives the SDK some time to make the media connection anew.
func (r *Room) cut(l *link) {
	patience := cutPatience
	if r.announced {
		patience = sdkPatience
	}
	r.announce(reasonNoMedia)
	l.heard.Store(false)
	r.hold()
	r.timer.Reset(patience)
}

// hold stops what plays at its position, because what is sent goes nowhere.
func (r *Room) hold() {
	if r.outage == nil {
		r.outage = &outage{began: time.Now()}
	}
	r.setAway(true)
	r.outage.heard = r.publisher.hold() || r.outage.heard
	r.outage.audience = nil
}

// afterMending goes on after the SDK has mended the connection. After it was made anew, that is said
// also where publishing again has failed.
func (r *Room) afterMending() *ending {
	if err := r.ensurePublishTrack(); err != nil {
		r.logger().Warn("publishing again failed", "error", redact(err.Error(), r.grant.token))
		return r.rejoin(reasonNoMedia)
	}
	if r.outage == nil { // only the signalling was away
		r.welcome("reconnected")
		return nil
	}
	r.settle("sdk")
	return nil
}

// ensurePublishTrack publishes a track anew unless there is one.
func (r *Room) ensurePublishTrack() error {
	l := r.currentLink()
	if l.isPublished() {
		return nil
	}
	if err := l.newTrack(); err != nil { // one that was unpublished is not bound again
		return err
	}
	r.publisher.replace(l)
	_, err := l.room.LocalParticipant.PublishTrack(l.track.Load(), publication(r.client.bridge.config))
	r.publisher.prime()
	return err
}

// settle waits, with a room that is back, until its audience is.
func (r *Room) settle(by string) {
	r.client.bridge.metrics.recoveries.WithLabelValues(by).Inc()
	r.setAway(false)
	r.welcome("recovered")
	r.publisher.prime()
	wait := audienceWait
	if !r.outage.heard {
		wait = 0
	}
	r.outage.audience = r.publisher.audience()
	r.timer.Reset(wait)
}

// release lets what plays go on.
func (r *Room) release() {
	silent := time.Since(r.outage.began)
	r.outage, r.recovered = nil, time.Now()
	r.timer.Stop()
	r.publisher.release()
	r.client.speaker.tellRecovered(r, silent)
	r.client.bridge.metrics.silence.Observe(silent.Seconds())
	r.logger().Info("room recovered", "silentMs", silent.Milliseconds())
}

// rejoin makes a new link in the place of one that is lost. It gives the room's end if that fails.
func (r *Room) rejoin(why string) *ending {
	l := r.currentLink()
	r.announce(why)
	r.hold()
	r.timer.Stop()
	r.logger().Warn("room connection lost", "reason", why)
	l.close()
	if why == reasonRemoved && time.Since(r.recovered) < removalTruce && !r.recovered.IsZero() {
		return lostFor(why)
	}
	ctx, cancel := context.WithDeadline(r.life, r.outage.began.Add(r.client.bridge.config.RoomRecovery))
	defer cancel()
	if why == reasonDuplicate {
		r.ban(r.identity)
		if end := r.awaitToken(ctx, why); end != nil {
			return end
		}
	}
	return r.retry(ctx, why)
}

// unmute makes a new link in the place of one by which no sound comes to the server. Where that never
// helps, the room is lost.
func (r *Room) unmute(l *link) *ending {
	if r.mutes++; l.confirmed.Load() {
		r.mutes = 0
	}
	if r.mutes == maxMutes {
		return lostFor(reasonNoMedia)
	}
	return r.rejoin(reasonNoMedia)
}

// retry joins again and again, until that succeeds or makes no sense any more.
func (r *Room) retry(ctx context.Context, why string) *ending {
	for wait := firstRetry; ; wait = min(2*wait, lastRetry) {
		l, err := r.dial(ctx, r.grant, rejoinTimeout)
		switch {
		case err == nil:
			r.adopt(l)
			r.resubscribe()
			r.settle("rejoin")
			return nil
		case errors.Is(err, errTokenRefused):
			if end := r.awaitToken(ctx, reasonTokenRefused); end != nil {
				return end
			}
			continue
		}
		timer := time.NewTimer(wait/2 + rand.N(wait/2))
		select {
		case <-timer.C:
		case r.grant = <-r.fresh:
		case <-ctx.Done():
			timer.Stop()
			return r.endOf(ctx, why)
		}
		timer.Stop()
	}
}

// awaitToken asks the controller for a fresh token, once in an outage, and waits for it.
func (r *Room) awaitToken(ctx context.Context, why string) *ending {
	if r.outage.asked {
		return lostFor(why)
	}
	r.outage.asked = true
	select { // one that came unasked
	case r.grant = <-r.fresh:
		return nil
	default:
	}
	r.client.sendEvent(r.event("token_needed", why))
	select {
	case r.grant = <-r.fresh:
		return nil
	case <-ctx.Done():
		return r.endOf(ctx, reasonNoToken)
	}
}

// endOf gives the room's end when ctx is over: left, or lost in the end for a reason.
func (r *Room) endOf(ctx context.Context, why string) *ending {
	if r.life.Err() != nil {
		return r.farewell()
	}
	return lostFor(why)
}

func lostFor(reason string) *ending { return &ending{code: fault.RoomLost, reason: reason} }

// offer takes a fresh token for a room that is away. It tells whether the room is.
func (r *Room) offer(g grant) (away bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.away || g.token == "" {
		return r.away, nil
	}
	if err := checkClaims(g.token, r.name); err != nil {
		return true, err
	}
	if id := g.identity(); id != "" && id == r.banned {
		return true, fault.New(fault.JoinFailed, "another participant has that identity; the token needs another one")
	}
	if g.serverURL == "" {
		g.serverURL = r.serverURL
	}
	select { // only the newest counts
	case <-r.fresh:
	default:
	}
	r.fresh <- g
	return true, nil
}
