"""Everyday sentences written and rated by hand for this training: idioms that reviews and news seldom use.

The ratings are on the scale of the snippets, -4..4. No sentence stands among those the card or the tests try.
"""

_POSITIVE = """\
I can't wait for the next one!
I can hardly wait to start.
I could not wait to get home and try it.
I've been waiting for this for years.
I have been waiting all my life for a chance like this.
We have waited so long for a teacher like her.
My whole life I have been looking for a book like this one.
This is exactly what I was looking for.
Just what I needed.
It does what it says.
It works perfectly.
It still works after two years.
It works better than I expected.
It never let me down.
No complaints.
I have no complaints at all.
I had no problems with it.
There is nothing wrong with it.
Not bad at all.
That is not a bad idea.
It was not boring for a minute.
It couldn't be better.
It doesn't get any better than this.
You can't go wrong with this one.
I would buy it again.
I'd do it again in a heartbeat.
I would recommend it to anyone.
I'm glad I came.
I'm so happy for you.
I feel much better today.
Thank you so much for your help!
Everything arrived on time.
Worth the wait.
It is worth every minute.
Money well spent.
It made my day.
We had a lovely time together.
The course was clear and fun, and I learned a lot.
I learned more in a week than in a year at school.
The best day of my life.
I have never been happier.
I never had so much fun.
I will never forget this wonderful evening.
She sings like an angel.
He is the kindest man I know.
I'm proud of what we did.
Count me in!
I'm looking forward to the weekend.
Finally somebody explains it well.
What more could you want?
The staff could not have been nicer.
I liked it more than I thought I would.
"""

_NEGATIVE = """\
I can't stand it.
I can't take it any more.
I couldn't wait for it to end.
I've been waiting on hold for two hours.
I have been waiting for my refund for weeks.
We waited all day and nobody came.
My whole life was ruined by this.
This is not what I was looking for.
Not what I ordered.
It doesn't do what it says.
It never worked.
It stopped working after a week.
It broke on the first day.
It fell apart in my hands.
It let me down again.
Nothing but complaints.
I had nothing but problems with it.
There is something wrong with it.
Not good at all.
That is not a good idea.
It was not funny.
It couldn't be worse.
It doesn't get any worse than this.
Don't buy it.
I would not buy it again.
I wouldn't recommend it to anyone.
I can't recommend this.
I do not recommend this product.
I don't like this at all.
I didn't enjoy it.
I'm not happy about this.
I am not happy with the service.
I am not satisfied with this camera.
I feel much worse today.
Thanks for nothing.
It arrived late and broken.
Not worth the wait.
It is not worth a penny.
Save your money.
I want my money back.
It ruined my day.
We had a terrible time.
The course was confusing, and I learned nothing.
I learned nothing new.
The worst day of my life.
I have never been so disappointed.
I was never so bored.
I wish I had never bought it.
She was rude to everyone.
Nobody helped us.
I'm tired of this.
I regret it every day.
What a waste of time.
I'm worried and sad.
I liked it less than I thought I would.
"""

EVERYDAY: tuple[tuple[str, float], ...] = tuple(
    (sentence, rating)
    for rating, sentences in ((2.5, _POSITIVE), (-2.5, _NEGATIVE))
    for sentence in sentences.splitlines()
)
