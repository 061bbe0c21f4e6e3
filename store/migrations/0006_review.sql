-- Blind review: people and their roles, campaigns, pairs, leases, verdicts; the audit log.

CREATE TABLE "user" (
    id INTEGER NOT NULL,
    name VARCHAR NOT NULL,
    issuer VARCHAR,
    subject VARCHAR,
    specialties VARCHAR[] NOT NULL,
    created TIMESTAMP NOT NULL,
    removed TIMESTAMP
);
COMMENT ON TABLE "user" IS 'People; other tables and the audit log know them by number.';
COMMENT ON COLUMN "user".id IS 'Number in this store.';
COMMENT ON COLUMN "user".name IS 'What the person is called.';
COMMENT ON COLUMN "user".issuer IS 'Who vouches for a login (OpenID Connect issuer); local for the user of this machine, null for invited people.';
COMMENT ON COLUMN "user".subject IS 'The person''s name there; unique with issuer among users not removed.';
COMMENT ON COLUMN "user".specialties IS 'Fields of which the person judges questions; empty for all.';
COMMENT ON COLUMN "user".created IS 'When the person was added.';
COMMENT ON COLUMN "user".removed IS 'When the person lost all roles for good.';

CREATE TABLE role (
    user_id INTEGER NOT NULL,
    role VARCHAR NOT NULL,
    campaign_id INTEGER,
    granted TIMESTAMP NOT NULL,
    granted_by VARCHAR NOT NULL,
    revoked TIMESTAMP
);
COMMENT ON TABLE role IS 'What people may do; looked up on every call.';
COMMENT ON COLUMN role.user_id IS 'Who.';
COMMENT ON COLUMN role.role IS 'engineer, expert, lead, auditor or admin.';
COMMENT ON COLUMN role.campaign_id IS 'The one campaign it is for; null for all.';
COMMENT ON COLUMN role.granted IS 'Since when.';
COMMENT ON COLUMN role.granted_by IS 'Who gave it, as in audit.actor.';
COMMENT ON COLUMN role.revoked IS 'When it was taken back.';

CREATE TABLE invite (
    id INTEGER NOT NULL,
    code_sha256 VARCHAR NOT NULL,
    pin_sha256 VARCHAR NOT NULL,
    user_id INTEGER NOT NULL,
    campaign_id INTEGER NOT NULL,
    created TIMESTAMP NOT NULL,
    created_by VARCHAR NOT NULL,
    expires TIMESTAMP NOT NULL,
    failures INTEGER NOT NULL,
    used TIMESTAMP,
    revoked TIMESTAMP
);
COMMENT ON TABLE invite IS 'One-time links to a campaign.';
COMMENT ON COLUMN invite.id IS 'Number in this store.';
COMMENT ON COLUMN invite.code_sha256 IS 'SHA-256 of the code in the link, which is kept nowhere.';
COMMENT ON COLUMN invite.pin_sha256 IS 'SHA-256 of code and PIN together.';
COMMENT ON COLUMN invite.user_id IS 'Whom it is for.';
COMMENT ON COLUMN invite.campaign_id IS 'Campaign it opens.';
COMMENT ON COLUMN invite.created IS 'When it was made.';
COMMENT ON COLUMN invite.created_by IS 'By whom, as in audit.actor.';
COMMENT ON COLUMN invite.expires IS 'When it ends, used or not.';
COMMENT ON COLUMN invite.failures IS 'Wrong PINs so far; after five it is locked.';
COMMENT ON COLUMN invite.used IS 'When it was exchanged; it opens nothing again.';
COMMENT ON COLUMN invite.revoked IS 'When it was taken back, with what it opened.';

CREATE TABLE login (
    token_sha256 VARCHAR NOT NULL,
    user_id INTEGER NOT NULL,
    invite_id INTEGER NOT NULL,
    created TIMESTAMP NOT NULL,
    expires TIMESTAMP NOT NULL,
    revoked TIMESTAMP
);
COMMENT ON TABLE login IS 'Browsers let in by an invite; each call looks here.';
COMMENT ON COLUMN login.token_sha256 IS 'SHA-256 of the token in the browser''s cookie.';
COMMENT ON COLUMN login.user_id IS 'Who.';
COMMENT ON COLUMN login.invite_id IS 'By which invite.';
COMMENT ON COLUMN login.created IS 'When.';
COMMENT ON COLUMN login.expires IS 'Until when.';
COMMENT ON COLUMN login.revoked IS 'When it was ended before that.';

CREATE TABLE policy (
    sha256 VARCHAR NOT NULL,
    text VARCHAR NOT NULL,
    created TIMESTAMP NOT NULL
);
COMMENT ON TABLE policy IS 'Policies as campaigns were opened with, whole.';
COMMENT ON COLUMN policy.sha256 IS 'SHA-256 of the file.';
COMMENT ON COLUMN policy.text IS 'The file.';
COMMENT ON COLUMN policy.created IS 'When it was read first.';

CREATE TABLE campaign (
    id INTEGER NOT NULL,
    name VARCHAR NOT NULL,
    title VARCHAR NOT NULL,
    candidate VARCHAR NOT NULL,
    candidate_sha256 VARCHAR NOT NULL,
    baseline VARCHAR NOT NULL,
    baseline_sha256 VARCHAR NOT NULL,
    run_id INTEGER,
    policy_sha256 VARCHAR NOT NULL,
    language VARCHAR NOT NULL,
    instructions VARCHAR NOT NULL,
    seed BIGINT NOT NULL,
    simulated BOOLEAN NOT NULL,
    opened TIMESTAMP NOT NULL,
    opened_by VARCHAR NOT NULL,
    expires TIMESTAMP NOT NULL,
    closed TIMESTAMP,
    closed_by VARCHAR,
    reason VARCHAR,
    data JSON NOT NULL
);
COMMENT ON TABLE campaign IS 'Blind reviews: a candidate against a baseline.';
COMMENT ON COLUMN campaign.id IS 'Number in this store.';
COMMENT ON COLUMN campaign.name IS 'Name for leads and commands; unique. Experts never get it.';
COMMENT ON COLUMN campaign.title IS 'What experts read above their pairs; names no model.';
COMMENT ON COLUMN campaign.candidate IS 'RUN@STEP that may be released.';
COMMENT ON COLUMN campaign.candidate_sha256 IS 'Its digest.';
COMMENT ON COLUMN campaign.baseline IS 'RUN@STEP, or the start of the candidate''s run.';
COMMENT ON COLUMN campaign.baseline_sha256 IS 'Its digest.';
COMMENT ON COLUMN campaign.run_id IS 'Run of the candidate.';
COMMENT ON COLUMN campaign.policy_sha256 IS 'The policy, fixed before the first verdict.';
COMMENT ON COLUMN campaign.language IS 'Language of the page experts begin with: zh or en.';
COMMENT ON COLUMN campaign.instructions IS 'What experts are told before the first pair.';
COMMENT ON COLUMN campaign.seed IS 'Of the order of the pairs and of the overlap.';
COMMENT ON COLUMN campaign.simulated IS 'Whether verdicts are made up by a program; for ever.';
COMMENT ON COLUMN campaign.opened IS 'When.';
COMMENT ON COLUMN campaign.opened_by IS 'By whom, as in audit.actor.';
COMMENT ON COLUMN campaign.expires IS 'When invites to it end at the latest.';
COMMENT ON COLUMN campaign.closed IS 'When it was closed.';
COMMENT ON COLUMN campaign.closed_by IS 'By whom; empty for the rules.';
COMMENT ON COLUMN campaign.reason IS 'Why it was closed.';
COMMENT ON COLUMN campaign.data IS 'Decoding, versions, and what was found before it opened: identical pairs, words that name a model, how well the texts alone tell the two apart.';

CREATE TABLE pair (
    campaign_id INTEGER NOT NULL,
    item VARCHAR NOT NULL,
    place INTEGER,
    state VARCHAR NOT NULL,
    question VARCHAR NOT NULL,
    question_sha256 VARCHAR NOT NULL,
    specialty VARCHAR NOT NULL,
    first VARCHAR NOT NULL,
    second VARCHAR NOT NULL,
    overlap BOOLEAN NOT NULL,
    planned INTEGER NOT NULL
);
COMMENT ON TABLE pair IS 'Questions of a campaign with their two stored answers; which model said which is in mapping alone.';
COMMENT ON COLUMN pair.campaign_id IS 'The campaign.';
COMMENT ON COLUMN pair.item IS 'Id in the file of questions; unique in the campaign. Never sent to experts.';
COMMENT ON COLUMN pair.place IS 'Place in the seeded order, from 0; null for pairs that are not judged.';
COMMENT ON COLUMN pair.state IS 'asked; identical where both answers are the same, a tie without a verdict; practice.';
COMMENT ON COLUMN pair.question IS 'What both models were asked.';
COMMENT ON COLUMN pair.question_sha256 IS 'SHA-256 of its comparable text, by which used questions are known.';
COMMENT ON COLUMN pair.specialty IS 'Field whose experts judge it; empty for everyone.';
COMMENT ON COLUMN pair.first IS 'One answer.';
COMMENT ON COLUMN pair.second IS 'The other.';
COMMENT ON COLUMN pair.overlap IS 'Whether it was drawn for a second grader.';
COMMENT ON COLUMN pair.planned IS 'Verdicts wanted: 2 where it was drawn and the roster had two graders before it was first shown.';

CREATE TABLE mapping (
    campaign_id INTEGER NOT NULL,
    item VARCHAR NOT NULL,
    candidate VARCHAR NOT NULL
);
COMMENT ON TABLE mapping IS 'Which answer is the candidate''s. Read where sides are dealt and where results are made, nowhere else.';
COMMENT ON COLUMN mapping.campaign_id IS 'The campaign.';
COMMENT ON COLUMN mapping.item IS 'The pair.';
COMMENT ON COLUMN mapping.candidate IS 'first or second.';

CREATE TABLE sitting (
    id INTEGER NOT NULL,
    campaign_id INTEGER NOT NULL,
    grader INTEGER NOT NULL,
    planned INTEGER NOT NULL,
    opened TIMESTAMP NOT NULL,
    closed TIMESTAMP
);
COMMENT ON TABLE sitting IS 'An expert''s evening: so many pairs, whose verdicts can be changed until it closes.';
COMMENT ON COLUMN sitting.id IS 'Number in this store.';
COMMENT ON COLUMN sitting.campaign_id IS 'The campaign.';
COMMENT ON COLUMN sitting.grader IS 'User who sits.';
COMMENT ON COLUMN sitting.planned IS 'Pairs meant to be judged.';
COMMENT ON COLUMN sitting.opened IS 'When it began.';
COMMENT ON COLUMN sitting.closed IS 'When it ended; its verdicts are final since.';

CREATE TABLE lease (
    token VARCHAR NOT NULL,
    campaign_id INTEGER NOT NULL,
    item VARCHAR NOT NULL,
    grader INTEGER NOT NULL,
    sitting INTEGER NOT NULL,
    number INTEGER,
    "left" VARCHAR NOT NULL,
    shown_first VARCHAR NOT NULL,
    issued TIMESTAMP NOT NULL,
    expires TIMESTAMP NOT NULL,
    ended TIMESTAMP,
    outcome VARCHAR,
    reason VARCHAR
);
COMMENT ON TABLE lease IS 'A pair put before a grader.';
COMMENT ON COLUMN lease.token IS '128 random bits: all a browser knows of the pair''s identity.';
COMMENT ON COLUMN lease.campaign_id IS 'The campaign.';
COMMENT ON COLUMN lease.item IS 'The pair.';
COMMENT ON COLUMN lease.grader IS 'User it was put before.';
COMMENT ON COLUMN lease.sitting IS 'In which sitting.';
COMMENT ON COLUMN lease.number IS 'Which of the grader''s pairs it is, from 0: its place in blocks of four; null for practice.';
COMMENT ON COLUMN lease."left" IS 'Which answer stands on the left: first or second.';
COMMENT ON COLUMN lease.shown_first IS 'Side a narrow screen opens with: left or right.';
COMMENT ON COLUMN lease.issued IS 'When.';
COMMENT ON COLUMN lease.expires IS 'Until when nobody else gets its place.';
COMMENT ON COLUMN lease.ended IS 'When it was answered, skipped or given up.';
COMMENT ON COLUMN lease.outcome IS 'verdict, skipped, expired where its place went to someone else, or released.';
COMMENT ON COLUMN lease.reason IS 'Why it was skipped.';

CREATE TABLE verdict (
    id INTEGER NOT NULL,
    campaign_id INTEGER NOT NULL,
    item VARCHAR NOT NULL,
    grader INTEGER NOT NULL,
    token VARCHAR NOT NULL,
    choice VARCHAR NOT NULL,
    criteria JSON NOT NULL,
    reasons VARCHAR[] NOT NULL,
    comment VARCHAR NOT NULL,
    errors JSON NOT NULL,
    seconds DOUBLE NOT NULL,
    unblinded BOOLEAN NOT NULL,
    created TIMESTAMP NOT NULL,
    final TIMESTAMP,
    superseded TIMESTAMP
);
COMMENT ON TABLE verdict IS 'What graders said; a change is a new row.';
COMMENT ON COLUMN verdict.id IS 'Number in this store.';
COMMENT ON COLUMN verdict.campaign_id IS 'The campaign.';
COMMENT ON COLUMN verdict.item IS 'The pair.';
COMMENT ON COLUMN verdict.grader IS 'User who judged; with item unique among verdicts not superseded.';
COMMENT ON COLUMN verdict.token IS 'The lease it answers.';
COMMENT ON COLUMN verdict.choice IS 'The better answer: first, second, tie or both_bad.';
COMMENT ON COLUMN verdict.criteria IS 'The better answer by criterion: first, second or tie.';
COMMENT ON COLUMN verdict.reasons IS 'Reasons picked from the list.';
COMMENT ON COLUMN verdict.comment IS 'A line in the grader''s own words; personal data.';
COMMENT ON COLUMN verdict.errors IS 'Critical errors: answer (first or second), type, quoted sentence.';
COMMENT ON COLUMN verdict.seconds IS 'From the pair being put before the grader until the verdict.';
COMMENT ON COLUMN verdict.unblinded IS 'Whether the grader had seen results before; possible in a demo store alone.';
COMMENT ON COLUMN verdict.created IS 'When.';
COMMENT ON COLUMN verdict.final IS 'When its sitting closed; null while it can be changed, twelve hours at the most.';
COMMENT ON COLUMN verdict.superseded IS 'When a changed one took its place.';

CREATE TABLE draft (
    token VARCHAR NOT NULL,
    fields JSON NOT NULL,
    saved TIMESTAMP NOT NULL
);
COMMENT ON TABLE draft IS 'What a grader has filled in so far.';
COMMENT ON COLUMN draft.token IS 'The lease; unique.';
COMMENT ON COLUMN draft.fields IS 'The fields as the page has them.';
COMMENT ON COLUMN draft.saved IS 'When.';

CREATE TABLE flag (
    campaign_id INTEGER NOT NULL,
    item VARCHAR NOT NULL,
    grader INTEGER NOT NULL,
    reason VARCHAR NOT NULL,
    created TIMESTAMP NOT NULL
);
COMMENT ON TABLE flag IS 'Pairs that graders find faulty: the question, or a text that gives a model away.';
COMMENT ON COLUMN flag.campaign_id IS 'The campaign.';
COMMENT ON COLUMN flag.item IS 'The pair.';
COMMENT ON COLUMN flag.grader IS 'Who says so.';
COMMENT ON COLUMN flag.reason IS 'What is wrong.';
COMMENT ON COLUMN flag.created IS 'When.';

CREATE TABLE guess (
    campaign_id INTEGER NOT NULL,
    item VARCHAR NOT NULL,
    grader INTEGER NOT NULL,
    choice VARCHAR NOT NULL,
    created TIMESTAMP NOT NULL
);
COMMENT ON TABLE guess IS 'Which answer graders took for the new model''s: what the blinding index is made of.';
COMMENT ON COLUMN guess.campaign_id IS 'The campaign.';
COMMENT ON COLUMN guess.item IS 'The pair it was asked after.';
COMMENT ON COLUMN guess.grader IS 'Who guessed.';
COMMENT ON COLUMN guess.choice IS 'first, second or unknown.';
COMMENT ON COLUMN guess.created IS 'When.';

CREATE TABLE used_item (
    question_sha256 VARCHAR NOT NULL,
    question VARCHAR NOT NULL,
    campaign_id INTEGER NOT NULL,
    item VARCHAR NOT NULL,
    exported TIMESTAMP NOT NULL,
    exported_by VARCHAR NOT NULL
);
COMMENT ON TABLE used_item IS 'Questions whose verdicts were exported for training: no later campaign asks them.';
COMMENT ON COLUMN used_item.question_sha256 IS 'As in pair.question_sha256.';
COMMENT ON COLUMN used_item.question IS 'Its text, to find near-duplicates.';
COMMENT ON COLUMN used_item.campaign_id IS 'Where it was judged.';
COMMENT ON COLUMN used_item.item IS 'As which pair.';
COMMENT ON COLUMN used_item.exported IS 'When.';
COMMENT ON COLUMN used_item.exported_by IS 'By whom, as in audit.actor.';

CREATE TABLE audit (
    seq BIGINT NOT NULL,
    created TIMESTAMP NOT NULL,
    actor VARCHAR NOT NULL,
    role VARCHAR NOT NULL,
    action VARCHAR NOT NULL,
    object VARCHAR NOT NULL,
    payload VARCHAR NOT NULL,
    payload_sha256 VARCHAR NOT NULL,
    previous VARCHAR NOT NULL,
    hash VARCHAR NOT NULL
);
COMMENT ON TABLE audit IS 'Who did what: a chain, in which each row holds the hash of the one before.';
COMMENT ON COLUMN audit.seq IS 'Place in the chain, from 1, without gaps.';
COMMENT ON COLUMN audit.created IS 'When.';
COMMENT ON COLUMN audit.actor IS 'user:NUMBER, command:NAME of the account, or rules for what the program does by itself. Names of people are in user alone.';
COMMENT ON COLUMN audit.role IS 'Role by which it was allowed.';
COMMENT ON COLUMN audit.action IS 'What was done.';
COMMENT ON COLUMN audit.object IS 'To what: campaign:NUMBER, pair:CAMPAIGN/ITEM, user:NUMBER, …';
COMMENT ON COLUMN audit.payload IS 'Particulars, as canonical JSON (RFC 8785).';
COMMENT ON COLUMN audit.payload_sha256 IS 'SHA-256 of payload.';
COMMENT ON COLUMN audit.previous IS 'hash of the row before; empty for the first.';
COMMENT ON COLUMN audit.hash IS 'SHA-256 of previous and the canonical JSON of seq, created, actor, role, action, object and payload_sha256.';
